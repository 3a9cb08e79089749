"""LangGraph: events of graphs (`instrument`), their checkpoints and cache. Needs the extra ``langgraph``."""

from pylayer.langgraph.cache import PylayerCache
from pylayer.langgraph.instrument import instrument
from pylayer.langgraph.saver import PylayerSaver

__all__ = ["PylayerCache", "PylayerSaver", "instrument"]
