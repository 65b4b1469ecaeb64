"""The reads: boards, search, what changed; one ticket's page; what the public may know. Nothing here writes."""

from tickets.boards import Page, Row, board, boards_of, open_tickets_of, rows_by_id
from tickets.detail import Entry, PartView, TicketPage, ticket_page
from tickets.public import PublicStatus, promised, public_status
from tickets.published import changes, last_seq, room_heads, rooms_now
from tickets.searching import find
from tickets.suggestions import Suggestion, suggest, suggestions
from tickets.tallies import due_by_day, tally, waiting
from tickets.words import words_of

__all__ = [
    "Entry", "Page", "PartView", "PublicStatus", "Row", "Suggestion", "TicketPage", "board", "boards_of",
    "changes", "due_by_day", "find", "last_seq", "open_tickets_of", "promised", "public_status", "room_heads",
    "rooms_now", "rows_by_id", "suggest", "suggestions", "tally", "ticket_page", "waiting",
    "words_of",
]
