"""Waves: groups that are picked together."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import Key, Moment, Written


class Wave(Base):
    """Groups of one warehouse that are picked in one round. `rule` names what they have in common; they are packed by `cut_off_at`."""

    __tablename__ = "wave"
    __table_args__ = (Index("wave_warehouse_ix", "warehouse_code"),)

    wave_no: Mapped[Key]
    rule: Mapped[str]
    warehouse_code: Mapped[str] = mapped_column(ForeignKey("warehouse.code"))
    cut_off_at: Mapped[Moment]
    created_at: Mapped[Written]


class WaveGroup(Base):
    """A group of a wave, by the task to pick it: a group that is begun anew has another task, and may be in another wave."""

    __tablename__ = "wave_group"
    __table_args__ = (Index("wave_group_wave_ix", "wave_no"), Index("wave_group_group_ix", "group_no"))

    task_id: Mapped[UUID] = mapped_column(primary_key=True)
    wave_no: Mapped[str] = mapped_column(ForeignKey("wave.wave_no"))
    group_no: Mapped[str] = mapped_column(ForeignKey("fulfil_group.group_no"))
