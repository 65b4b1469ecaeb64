"""What can go wrong when somebody asks for a change. A code and plain values; the sentence is the caller's."""


class TicketError(Exception):
    """Base of all refusals of this room. `code` is stable and names the sentence to show."""

    code = "ticket_error"

    def __init__(self, **values: object) -> None:
        super().__init__(self.code, values)
        self.values = values


class NotFound(TicketError):
    """No such ticket, or none that this actor may know of: the two are told apart to nobody."""

    code = "not_found"


class Forbidden(TicketError):
    """The actor sees the ticket but may not do this."""

    code = "forbidden"


class NotNow(TicketError):
    """The action does not exist in the present state. Values: action, state."""

    code = "not_now"


class Stale(TicketError):
    """Somebody changed the ticket since the form was opened. Values: version, theirs."""

    code = "stale"


class Invalid(TicketError):
    """A field is missing or wrong. Values: fields, a mapping of field to the kind of fault."""

    code = "invalid"


class TooMany(TicketError):
    """The actor did this as often as one person may within an hour. Values: action, limit."""

    code = "too_many"


class KeyReused(TicketError):
    """The form's key was used before with other content. Nothing was stored."""

    code = "key_reused"
