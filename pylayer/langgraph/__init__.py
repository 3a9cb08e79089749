"""LangGraph: events and executions of graphs, their checkpoints and cache. Needs the extra ``langgraph``."""

from pylayer.langgraph.cache import PylayerCache
from pylayer.langgraph.instrument import instrument
from pylayer.langgraph.recording import flush_executions
from pylayer.langgraph.saver import PylayerSaver

__all__ = ["PylayerCache", "PylayerSaver", "flush_executions", "instrument"]
