"""Events of LangGraph graphs: `instrument`. Needs the extra ``langgraph``."""

from pylayer.langgraph.instrument import instrument

__all__ = ["instrument"]
