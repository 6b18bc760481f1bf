"""The doctor: whether a config, its keys, its accounts and this machine are fit to trade. It changes nothing."""

from arbcore.doctor.examination import DoctorWish, examine
from arbcore.doctor.rows import Row, Trouble

__all__ = ["DoctorWish", "Row", "Trouble", "examine"]
