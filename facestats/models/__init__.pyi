from .cards import Card as Card
from .cards import Head as Head
from .downloads import pull as pull
from .registry import Model as Model
from .registry import choose_models as choose_models
from .registry import find_models as find_models
