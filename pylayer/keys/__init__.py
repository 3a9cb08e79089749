"""API keys: `client.keys`."""

from pylayer.keys.models import ApiKey, NewApiKey, Principal
from pylayer.keys.namespace import Keys
from pylayer.keys.secret import key_hash

__all__ = ["ApiKey", "Keys", "NewApiKey", "Principal", "key_hash"]
