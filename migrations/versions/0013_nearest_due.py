"""When the nearest running clock of a ticket, and of a unit's part, is due: kept beside them, for boards to be read
in that order from an index. A trigger keeps it, so that no way of writing a clock can forget it. And indexes for
what a search is narrowed to, where it is rare."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEEP = """
CREATE FUNCTION keep_nearest_due() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  of_ticket timestamptz;
  of_part timestamptz;
BEGIN
  -- Of two that change clocks of one ticket, the second must see what the first has done.
  PERFORM FROM ticket WHERE id = NEW.ticket_id FOR NO KEY UPDATE;
  SELECT min(due_at), min(due_at) FILTER (WHERE assignment_id = NEW.assignment_id) INTO of_ticket, of_part
    FROM deadline WHERE ticket_id = NEW.ticket_id AND stopped_at IS NULL AND paused_at IS NULL;
  UPDATE ticket SET due_at = of_ticket WHERE id = NEW.ticket_id AND due_at IS DISTINCT FROM of_ticket;
  IF NEW.assignment_id IS NOT NULL THEN
    UPDATE assignment SET due_at = of_part WHERE id = NEW.assignment_id AND due_at IS DISTINCT FROM of_part;
  END IF;
  RETURN NULL;
END $$
"""
TRIGGERS = """
CREATE TRIGGER deadline_nearest_set AFTER INSERT ON deadline
  FOR EACH ROW EXECUTE FUNCTION keep_nearest_due();
CREATE TRIGGER deadline_nearest_moved AFTER UPDATE OF due_at, stopped_at, paused_at ON deadline
  FOR EACH ROW WHEN ((OLD.due_at, OLD.stopped_at, OLD.paused_at) IS DISTINCT FROM (NEW.due_at, NEW.stopped_at, NEW.paused_at))
  EXECUTE FUNCTION keep_nearest_due();
"""
FILL = """
UPDATE {table} SET due_at = nearest.due_at
  FROM (SELECT {key} AS id, min(due_at) AS due_at FROM deadline
        WHERE stopped_at IS NULL AND paused_at IS NULL GROUP BY {key}) nearest
 WHERE nearest.id = {table}.id
"""
DUE = sa.text("coalesce(due_at, '9999-01-01 00:00+00'::timestamptz)")
BEFORE_DISPATCH = "state IN ('REGISTERED','NEED_INFO','TO_DISPATCH','DISPUTED')"
OPEN_PART = "state IN ('PENDING_SIGN','HANDLING','NEED_INFO','REJECTED','RETURN_REQUESTED','SUBMITTED')"
REVIEW = "state IN ('TO_REVIEW','TO_CALLBACK')"
OPEN = "closed_at IS NULL"
INDEXES = (
    # name, table, columns now, columns before, where
    ("ix_ticket_before_dispatch", "ticket", [DUE, "id"], ["registered_at", "id"], BEFORE_DISPATCH),
    ("ix_ticket_review", "ticket", ["state", DUE, "id"], ["id"], REVIEW),
    ("ix_ticket_open_of_staff", "ticket", ["registered_by", DUE, "id"], ["registered_by", "id"], OPEN),
    ("ix_assignment_open", "assignment", ["department_id", DUE, "id"], ["department_id", "ticket_id"], OPEN_PART),
    ("ix_assignment_to_sign", "assignment", ["department_id", DUE, "id"], None, "state = 'PENDING_SIGN'"),
)
NARROWED = (
    # name, columns, where
    ("ix_ticket_category", ["category_code", "id"], None),
    ("ix_ticket_area", ["region_path", "id"], None),
    ("ix_ticket_pressing", ["urgency", "id"], "urgency <> 'normal'"),
    ("ix_ticket_not_handled", ["state", "id"], "state IN ('MERGED','REFERRED','WITHDRAWN')"),
)
BY_PREFIX = {"category_code": "text_pattern_ops", "region_path": "text_pattern_ops"}


def upgrade() -> None:
    op.execute(KEEP)
    op.execute(TRIGGERS)
    for table, key in (("ticket", "ticket_id"), ("assignment", "assignment_id")):
        op.add_column(table, sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
        op.execute(FILL.format(table=table, key=key))
    for name, table, now, before, where in INDEXES:
        if before:
            op.drop_index(name, table)
        op.create_index(name, table, now, postgresql_where=sa.text(where))
    for name, columns, where in NARROWED:
        op.create_index(
            name, "ticket", columns, postgresql_where=sa.text(where) if where else None,
            postgresql_ops={column: BY_PREFIX[column] for column in columns if column in BY_PREFIX},
        )


def downgrade() -> None:
    op.execute("DROP TRIGGER deadline_nearest_moved ON deadline")
    op.execute("DROP TRIGGER deadline_nearest_set ON deadline")
    op.execute("DROP FUNCTION keep_nearest_due()")
    for name, _columns, _where in NARROWED:
        op.drop_index(name, "ticket")
    for name, table, _now, before, where in INDEXES:
        op.drop_index(name, table)
        if before:
            op.create_index(name, table, before, postgresql_where=sa.text(where))
    for table in ("ticket", "assignment"):
        op.drop_column(table, "due_at")
