"""Where this room leaves SpiffWorkflow's way: every name that it overrides, and every private one that it relies upon.

SpiffWorkflow's task tree, task specs, event definitions, event manager, boundary events, gateways, subprocesses, multi-instance and loop
run an instance. What is listed here is changed, for one of four reasons:

- *fault*: SpiffWorkflow is wrong. `models` names the smallest models on which it is, kept in `tests/unit/spiff/test_stock_faults.py`; a
  test that goes red there says that upstream has mended it, and that the override may go.
- *cost*: SpiffWorkflow is right and too dear. The text says by how much (CPU of the engine, SpiffWorkflow 3.2, Python 3.11).
- *rule*: the house's own rule: a step fails by itself and waits for an operator, variables are never changed in place, we route messages.
- *form*: constructors and the parser, which hand on what the drawing says.

`tests/unit/spiff/test_seam.py` compares the whole with the installed version: parameters, the class that defines a name, and that nothing
is overridden that is not listed. When an upgrade makes it red, look here before anything else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

#: The version that the list was written for.
VERSION: Final = "3.2.0"


@dataclass(frozen=True, slots=True)
class Change:
    """Names of SpiffWorkflow that we override, each as `Class.name` with its parameters, and why."""

    because: str
    why: str
    names: Mapping[str, str]
    models: tuple[str, ...] = ()


_TASK: Final = "self my_task"
_EVENT: Final = "self my_task event"
_MANY: Final = "wf_spec bpmn_id task_spec cardinality data_input data_output input_item output_item condition kwargs"
_LOOP: Final = "wf_spec bpmn_id task_spec maximum condition test_before kwargs"

CHANGES: Final[tuple[Change, ...]] = (
    # ---------------------------------------------------------------------------------------------------------------- the task
    Change(
        "cost",
        "SpiffWorkflow writes a log record of eleven fields at every change of a state, 39 to 77 % of the CPU. Ours tells the workflow, so "
        "that what is ready or waits is not searched in the tree (26 % for ten scripts, eleven times for 1,000 turns).",
        {"Task._set_state": "self value"},
        ("log_record",),
    ),
    Change(
        "cost",
        "The tree is predicted to its end when an instance begins and when it is restored: 400 tasks for 400 steps. Ours makes the next "
        "step when the one before is done, in the way its spec predicts it.",
        {"Task._sync_children": "self task_specs state", "Task.complete": "self"},
        ("full_prediction",),
    ),
    Change(
        "fault",
        "A loop stops in silence when the tree is 1,000 tasks deep. What has ended leaves the tree, so it is as deep as what is open.",
        {"Workflow._task_completed_notify": "self task"},
        ("deep_loop",),
    ),
    Change(
        "fault",
        "Variables are copied at each step (12 % with 4 kB), yet what is nested in them is shared with all ancestors and other branches, "
        "and branches are merged list by list. Ours are shared, never changed in place, and stamped.",
        {"Task._inherit_data": "self", "Task.set_data": "self kwargs"},
        ("nested_write", "list_at_join"),
    ),
    Change(
        "fault",
        "Turns of a cancelled repetition are dropped without being told, and go on listening.",
        {"Task.cancel": "self"},
        ("cancelled_turns_listen",),
    ),
    Change("form", "Makes SpiffWorkflow's own class, by its name.", {"Task._add_child": "self task_spec state"}),
    Change(
        "cost",
        "The id is text: UUID's hash is Python, 14 to 19 % of the CPU.",
        {"Task.__init__": "self workflow task_spec parent state id"},
    ),
    Change("rule", "An operator may have decided to go on behind a step.", {"Task.run": "self"}),
    # ------------------------------------------------------------------------------------------------------------ the workflow
    Change(
        "fault",
        "Ready tasks are run in the order of the tree, so what is interrupted runs on until its next wait, before the handler.",
        {"BpmnWorkflow.do_engine_steps": "self will_complete_task did_complete_task"},
        ("interrupted_runs_on",),
    ),
    Change(
        "cost",
        "After every completion the whole tree is walked for who waits: 26 % for ten scripts, eleven times for 1,000 turns. Only inclusive "
        "joins and the end depend on tokens elsewhere.",
        {"Workflow.update_waiting_tasks": "self"},
    ),
    Change(
        "cost",
        "Where a subprocess lies is looked for in all others, and what nobody logs is collected (6 %).",
        {
            "BpmnSubWorkflow._calculate_depth": "self",
            "BpmnSubWorkflow.parent_workflow": "",
            "BpmnSubWorkflow.collect_log_extras": "self dct",
            "Workflow.collect_log_extras": "self dct",
        },
    ),
    Change("rule", "The variables of the end are kept with their stamps.", {"Workflow._mark_complete": "self task"}),
    Change(
        "fault",
        "An error is given to every boundary event of the same scope, and the scope that it ended counts as completed; ours goes to the "
        "nearest activity around, there to the most exact, and what it ends is given up.",
        {"EventManager.catch": "self event internal"},
        ("error_of_a_neighbour", "error_end_completes_its_scope"),
    ),
    Change(
        "form",
        "Our task, scopes and event manager; an error says who threw it.",
        {
            "BpmnEvent.__init__": "self event_definition payload correlations target",
            "BpmnBaseWorkflow.__init__": "self spec kwargs",
            "BpmnWorkflow.__init__": "self spec subprocess_specs script_engine kwargs",
            "BpmnWorkflow.create_subprocess": "self my_task spec_name",
            "BpmnSubWorkflow.__init__": "self spec parent_task_id top_workflow kwargs",
            "BpmnProcessSpec.__init__": "self name description filename svg",
        },
    ),
    # -------------------------------------------------------------------------------------------------------- steps of their own
    Change(
        "rule",
        "SpiffWorkflow arms events, counts turns and opens scopes while the step before completes. Here these steps become ready and do "
        "the same when they run, so that what goes wrong is their own failure, and waits for an operator.",
        {
            "BpmnTaskSpec._update_hook": _TASK,
            "TaskSpec._update_hook": _TASK,
            "TaskSpec._run_hook": _TASK,
            "CatchingEvent._update_hook": _TASK,
            "CatchingEvent._run_hook": _TASK,
            "SubWorkflowTask._update_hook": _TASK,
            "ParallelMultiInstanceTask._update_hook": _TASK,
            "SequentialMultiInstanceTask._update_hook": _TASK,
            "StandardLoopTask._update_hook": _TASK,
        },
    ),
    Change("rule", "SpiffWorkflow leaves open what a service task does.", {"ScriptEngineTask._execute": "self task"}),
    # ---------------------------------------------------------------------------------------------------------------- gateways
    Change(
        "fault",
        "Two tokens on one flow to a join are one, and lists and contexts are merged, not written. Ours keeps each token.",
        {"UnstructuredJoin._update_hook": _TASK},
        ("two_tokens_on_a_flow", "list_at_join"),
    ),
    Change(
        "rule",
        "Conditional flows are predicted in a way of their own; ours are chosen, noted in the history, and fail with what to do.",
        {
            "MultiChoice._predict_hook": _TASK,
            "MultiChoice._run_hook": _TASK,
            "ExclusiveChoice._run_hook": _TASK,
            "InclusiveGateway._run_hook": _TASK,
        },
    ),
    Change(
        "cost",
        "The end looks for others in the whole tree at each arrival (3 to 9 %, more with many branches).",
        {"_EndJoin._check_threshold_unstructured": _TASK, "_EndJoin._run_hook": _TASK},
    ),
    Change("rule", "The start event is chosen before an instance begins.", {"TaskSpec._predict_hook": _TASK}),
    Change(
        "fault",
        "An event subprocess that interrupts lets the steps of its scope go on; one inside of a subprocess hears nothing, and a timer of "
        "one keeps its scope from ending. Ours listens in the scope around, from its beginning until only such listeners are left.",
        {"StartEvent.catch": _EVENT},
        ("event_subprocess_runs_beside", "event_subprocess_inside_is_not_heard", "timer_of_an_event_subprocess_keeps_all"),
    ),
    Change(
        "fault",
        "A gateway of events keeps one due moment for all its timers. Ours lets each event wait by itself.",
        {"EventBasedGateway._predict_hook": _TASK, "EventBasedGateway._run_hook": _TASK, "EventBasedGateway.connect": "self child"},
        ("two_timers_of_a_gateway",),
    ),
    # ------------------------------------------------------------------------------------------------------------------ events
    Change(
        "fault",
        "A boundary event that does not interrupt is heard once, and one that does forgets what was written in the scope that it ends. "
        "Ours sends a token to its handler and goes on waiting; the handler sees what was written.",
        {"CatchingEvent.catch": _EVENT},
        ("heard_once", "interrupted_scope_is_forgotten"),
    ),
    Change(
        "rule",
        "Nothing is caught by a wait that another event has decided against.",
        {"CatchingEvent.catches": _EVENT, "BoundaryEvent.catches": _EVENT},
    ),
    Change(
        "rule",
        "Events that have failed, or were told at the same moment, are given up with the activity; then the split leaves the tree.",
        {"BoundaryEventJoin._check_threshold_structured": _TASK, "Join._update_hook": _TASK},
    ),
    Change(
        "rule",
        "Timers by our grammar, zone and clock; SpiffWorkflow asks the machine's clock, in a zone fixed at import, and knows no cron; "
        "each time of a cycle is one of ours in the history.",
        {
            "TimerEventDefinition.__init__": "self name expression kwargs",
            "TimerEventDefinition.__eq__": "self other",
            "EventDefinition.has_fired": _TASK,
        },
        ("cycle_is_counted_at_its_end",),
    ),
    Change(
        "fault",
        "A message is caught when any of its keys fits. Ours: all.",
        {"MessageEventDefinition.catches": _EVENT, "MessageEventDefinition.__eq__": "self other"},
        ("any_key",),
    ),
    Change(
        "fault",
        "A condition is asked with the variables of the event's own branch only. Ours sees what any step has written, when something was, "
        "and happens when it becomes true.",
        {
            "ConditionalEventDefinition.__init__": "self expression kwargs",
            "ConditionalEventDefinition.has_fired": _TASK,
            "EventDefinition.__eq__": "self other",
        },
        ("condition_of_another_branch",),
    ),
    Change(
        "rule",
        "What is thrown is mapped by the model, and routed by the house; SpiffWorkflow sends all variables. What came goes where the "
        "element "
        "says, and is kept under a key that no other has.",
        {
            "MessageEventDefinition.throw": _TASK,
            "ItemAwareEventDefinition.throw": _TASK,
            "CodeEventDefinition.throw": _TASK,
            "TerminateEventDefinition.throw": _TASK,
            "CodeEventDefinition.__eq__": "self other",
            "SignalEventDefinition.__eq__": "self other",
            "EventDefinition.catch": _EVENT,
            "ItemAwareEventDefinition.catch": _EVENT,
            "MessageEventDefinition.catch": _EVENT,
            "EventDefinition.update_task_data": _TASK,
            "ItemAwareEventDefinition.update_task_data": _TASK,
            "MessageEventDefinition.update_task_data": _TASK,
            "EventDefinition.reset": _TASK,
            "ItemAwareEventDefinition.reset": _TASK,
        },
    ),
    Change(
        "fault",
        "SpiffWorkflow knows no compensation: an event that asks for it does nothing, and a compensation event at an edge is refused. Ours "
        "runs the handlers of what is done, and goes on when they are; such an edge waits for nothing.",
        {"ThrowingEvent._run_hook": _TASK, "ProcessParser.get_boundary_events": "self attached_to_ref"},
        ("compensation_does_nothing", "compensation_at_an_edge"),
    ),
    Change(
        "fault",
        "SpiffWorkflow cancels a transaction by dropping its scope: nothing is undone, and what was written in it is gone. Ours undoes "
        "what is done, and the cancel event at the edge gives the scope up when it has seen the variables.",
        {"CancelEventDefinition.throw": "self my_task kwargs", "EndEvent._on_complete_hook": _TASK},
        ("cancel_forgets",),
    ),
    # ----------------------------------------------------------------------------------------------------- activities that hold others
    Change(
        "cost",
        "Variables are copied deeply into a subprocess and out of it: half as much again for one, five times for 300.",
        {
            "SubWorkflowTask.copy_data": "self my_task subworkflow",
            "SubWorkflowTask.update_data": "self my_task subworkflow",
            "CallActivity.copy_data": "self my_task subworkflow",
            "CallActivity.update_data": "self my_task subworkflow",
            "SubWorkflowTask._on_subworkflow_completed": "self subworkflow my_task",
        },
    ),
    Change(
        "fault",
        "Results come in the order in which turns end, a list of results that exists is refused, a null item is never done, the "
        "completion condition sees neither the results so far nor BPMN's counts, and without such a list the last item stays a variable.",
        {
            "MultiInstanceTask.merge_child": "self workflow child",
            "ParallelMultiInstanceTask.merge_child": "self workflow child",
            "SequentialMultiInstanceTask.merge_child": "self workflow child",
            "MultiInstanceTask.init_data_output_with_input_data": "self my_task input_data",
            "MultiInstanceTask.init_data_output_with_cardinality": _TASK,
            "MultiInstanceTask.check_completion_condition": _TASK,
            "SequentialMultiInstanceTask.add_next_child": _TASK,
            "ParallelMultiInstanceTask.create_children": _TASK,
        },
        ("order_of_results", "second_round", "second_count", "null_item", "completion_condition", "item_of_a_turn_stays"),
    ),
    Change(
        "cost",
        "After each turn all turns are looked at (twice the CPU of 1,000), and the places to come are a list that is copied at each.",
        {
            "ParallelMultiInstanceTask.children_complete": _TASK,
            "SequentialMultiInstanceTask.children_complete": _TASK,
            "SequentialMultiInstanceTask.init_remaining_items": _TASK,
        },
    ),
    Change(
        "rule",
        "A loop counts its turns, takes over what each wrote, and fails when its condition is neither true nor false.",
        {
            "StandardLoopTask.merge_child": "self workflow child",
            "StandardLoopTask.create_child": _TASK,
            "StandardLoopTask.loop_complete": _TASK,
        },
    ),
    # ------------------------------------------------------------------------------------------------------------- constructors
    Change(
        "form",
        "Every step knows the element it was drawn as, and compiles the texts of the model.",
        {
            "TaskSpec.__init__": "self wf_spec name kwargs",
            "BpmnTaskSpec.__init__": (
                "self wf_spec name lane documentation data_input_associations data_output_associations io_specification kwargs"
            ),
            "BoundaryEventJoin.__init__": "self wf_spec name kwargs",
            "BoundaryEventSplit.__init__": "self wf_spec name kwargs",
            "BpmnStartTask.__init__": "self wf_spec name kwargs",
            "BoundaryEvent.__init__": "self wf_spec bpmn_id event_definition cancel_activity kwargs",
            "CallActivity.__init__": "self wf_spec bpmn_id subworkflow_spec kwargs",
            "CatchingEvent.__init__": "self wf_spec bpmn_id event_definition kwargs",
            "ExclusiveChoice.__init__": "self wf_spec name kwargs",
            "MultiChoice.__init__": "self wf_spec name kwargs",
            "Join.__init__": "self wf_spec name split_task threshold cancel kwargs",
            "MultiInstanceTask.__init__": f"self {_MANY}",
            "NoneTask.__init__": "self wf_spec bpmn_id kwargs",
            "ScriptTask.__init__": "self wf_spec bpmn_id script kwargs",
            "ServiceTask.__init__": "self wf_spec bpmn_id kwargs",
            "StandardLoopTask.__init__": f"self {_LOOP}",
            "SubWorkflowTask.__init__": "self wf_spec bpmn_id subworkflow_spec transaction kwargs",
            "TransactionSubprocess.__init__": "self wf_spec bpmn_id subworkflow_spec kwargs",
            "ThrowingEvent.__init__": "self wf_spec bpmn_id event_definition kwargs",
            "UserTask.__init__": "self wf_spec bpmn_id kwargs",
        },
    ),
    # ------------------------------------------------------------------------------------------------------- parser and language
    Change(
        "form",
        "The parser walks the flow; our catalogue of elements says what each step is, and flows are tried in document order.",
        {
            "BpmnParser.PARSER_CLASSES": "",
            "BpmnParser.PROCESS_PARSER_CLASS": "p node nsmap data_stores filename lane",
            "BpmnParser.__init__": "self namespaces validator spec_descriptions",
            "BpmnParser._add_data_stores": "self bpmn",
            "BpmnParser._get_parser_class": "self tag",
            "NodeParser.get_position": "self node",
            "ProcessParser.add_tasks": "self",
            "ProcessParser.create_spec": "self",
            "ProcessParser.get_spec": "self",
            "TaskParser.PARALLEL_MI_CLASS": _MANY,
            "TaskParser.SEQUENTIAL_MI_CLASS": _MANY,
            "TaskParser.STANDARD_LOOP_CLASS": _LOOP,
            "TaskParser._add_boundary_event": "self children",
            "TaskParser._add_loop_task": "self loop_characteristics",
            "TaskParser._add_multiinstance_task": "self loop_characteristics",
            "TaskParser.connect_outgoing": "self outgoing_task sequence_flow_node is_default",
            "TaskParser.create_task": "self",
            "TaskParser.handles_multiple_outgoing": "self",
        },
    ),
    Change(
        "rule",
        "The language is FEEL: no path leads to Python. Texts are compiled when they are deployed.",
        {
            "BasePythonScriptEngineEnvironment.call_service": "self context kwargs",
            "BasePythonScriptEngineEnvironment.evaluate": "self expression context external_context",
            "BasePythonScriptEngineEnvironment.execute": "self script context external_context",
            "PythonScriptEngine.__init__": "self environment",
            "PythonScriptEngine.evaluate": "self task expression external_context",
            "PythonScriptEngine.execute": "self task script external_context",
            "PythonScriptEngine.validate": "self expression",
        },
    ),
)

#: What we call or read though its name says that it is SpiffWorkflow's own business, by the class that defines it.
RELIED: Final[Mapping[str, frozenset[str]]] = {
    "Task": frozenset({"_state", "_parent", "_children", "_ready", "_set_state", "_add_child", "_sync_children", "_inherit_data"}),
    "TaskSpec": frozenset({"_predict", "_predict_hook", "_update", "_update_hook", "_run_hook", "_inputs", "_outputs", "_wf_spec"}),
    "SubWorkflowTask": frozenset({"_on_subworkflow_completed"}),
}
#: Keys that SpiffWorkflow keeps in a task's internal data and we read or take away.
INTERNAL_KEYS: Final = frozenset({"event_fired", "merged", "remaining", "cardinality", "current"})
#: Names of SpiffWorkflow's own steps: `Start` and `End` by themselves, the others behind an element's or a process's id.
STEP_NAMES: Final = ("Start", "End", ".EndJoin", ".BoundaryEventSplit", ".BoundaryEventJoin", " [child]")
