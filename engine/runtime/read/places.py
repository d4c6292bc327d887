"""On which elements the instances that are under way stand, as parts of SQL."""

from typing import Final

#: The states of an instance that has not ended.
ACTIVE: Final = ("running", "waiting", "incident", "suspended")
#: Instance and element of whatever is waited for.
PLACES: Final = """
  SELECT instance_id, element_id FROM user_task WHERE state = 'open' UNION ALL
  SELECT instance_id, element_id FROM timer WHERE NOT fired UNION ALL
  SELECT instance_id, element_id FROM subscription UNION ALL
  SELECT instance_id, element_id FROM work UNION ALL
  SELECT instance_id, element_id FROM incident WHERE state = 'open'
"""
