from . import schema as schema
