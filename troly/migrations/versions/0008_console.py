"""The console: staff and their sessions, the audit, turns with their full-text index, marks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_console"
down_revision = "0007_person"
branch_labels = None
depends_on = None

AUDIT = {
    "sqlite": (
        "CREATE TRIGGER audit_line_no_update BEFORE UPDATE ON audit_line "
        "BEGIN SELECT RAISE(ABORT, 'the audit can only be added to'); END",
        "CREATE TRIGGER audit_line_no_delete BEFORE DELETE ON audit_line "
        "BEGIN SELECT RAISE(ABORT, 'the audit can only be added to'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION audit_line_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit can only be added to'; END $$",
        "CREATE TRIGGER audit_line_no_change BEFORE UPDATE OR DELETE ON audit_line "
        "FOR EACH ROW EXECUTE FUNCTION audit_line_refuse()",
        "CREATE TRIGGER audit_line_no_truncate BEFORE TRUNCATE ON audit_line "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_line_refuse()",
    ),
}
SEARCH = {
    "sqlite": (
        "CREATE VIRTUAL TABLE turn_search USING fts5(words, content='turn', content_rowid='id', "
        "tokenize='unicode61')",
        "CREATE TRIGGER turn_search_added AFTER INSERT ON turn WHEN new.words IS NOT NULL BEGIN "
        "INSERT INTO turn_search(rowid, words) VALUES (new.id, new.words); END",
        "CREATE TRIGGER turn_search_removed AFTER DELETE ON turn WHEN old.words IS NOT NULL BEGIN "
        "INSERT INTO turn_search(turn_search, rowid, words) VALUES ('delete', old.id, old.words); END",
        "CREATE TRIGGER turn_search_changed AFTER UPDATE OF words ON turn BEGIN "
        "INSERT INTO turn_search(turn_search, rowid, words) "
        "SELECT 'delete', old.id, old.words WHERE old.words IS NOT NULL; "
        "INSERT INTO turn_search(rowid, words) SELECT new.id, new.words WHERE new.words IS NOT NULL; END",
    ),
    "postgresql": (
        "ALTER TABLE turn ADD COLUMN turn_search tsvector "
        "GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, words)) STORED",
        "CREATE INDEX turn_search_words ON turn USING gin (turn_search)",
    ),
}


def upgrade() -> None:
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "audit_line",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("target", sa.String(length=120), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit_line")),
    )
    with op.batch_alter_table("audit_line", schema=None) as batch_op:
        batch_op.create_index("ix_audit_line_action", ["action", "sequence"], unique=False)
        batch_op.create_index("ix_audit_line_actor", ["actor", "sequence"], unique=False)
        batch_op.create_index("ix_audit_line_at", ["at"], unique=False)
        batch_op.create_index("ix_audit_line_target", ["target", "sequence"], unique=False)

    for statement in AUDIT[op.get_bind().dialect.name]:
        op.get_bind().exec_driver_sql(statement)
    head = sa.table("audit_head", sa.column("id"), sa.column("sequence"), sa.column("hash"))
    op.execute(sa.insert(head).values(id=1, sequence=0, hash="0" * 64))
    op.create_table(
        "staff_throttle",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_staff_throttle")),
    )
    op.create_table(
        "staff_user",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("display_name", sa.String(length=120), nullable=False),
        sa.Column("unit", sa.String(length=80), server_default="", nullable=False),
        sa.Column("language", sa.String(length=2), server_default="vi", nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("must_change", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("totp_secret", sa.Text(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("recovery", sa.Text(), nullable=True),
        sa.Column("subject", sa.String(length=255), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_user")),
        sa.UniqueConstraint("name", name=op.f("uq_staff_user_name")),
        sa.UniqueConstraint("subject", name=op.f("uq_staff_user_subject")),
    )
    op.create_table(
        "conversation_flag",
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("set_by", sa.String(length=60), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_conversation_flag_conversation_id_conversation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", "kind", name=op.f("pk_conversation_flag")),
    )
    with op.batch_alter_table("conversation_flag", schema=None) as batch_op:
        batch_op.create_index("ix_conversation_flag_kind", ["kind"], unique=False)

    op.create_table(
        "conversation_note",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_by", sa.String(length=60), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_conversation_note_conversation_id_conversation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_note")),
    )
    with op.batch_alter_table("conversation_note", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_conversation_note_conversation_id"), ["conversation_id"], unique=False
        )

    op.create_table(
        "conversation_tag",
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("tag", sa.String(length=40), nullable=False),
        sa.Column("added_by", sa.String(length=60), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_conversation_tag_conversation_id_conversation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", "tag", name=op.f("pk_conversation_tag")),
    )
    with op.batch_alter_table("conversation_tag", schema=None) as batch_op:
        batch_op.create_index("ix_conversation_tag_tag", ["tag"], unique=False)

    op.create_table(
        "saved_filter",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["staff_user.id"],
            name=op.f("fk_saved_filter_user_id_staff_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filter")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_saved_filter_user_id_name")),
    )
    op.create_table(
        "staff_grant",
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["staff_user.id"], name=op.f("fk_staff_grant_user_id_staff_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "role", name=op.f("pk_staff_grant")),
    )
    op.create_table(
        "staff_session",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("pending", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["staff_user.id"],
            name=op.f("fk_staff_session_user_id_staff_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_session")),
    )
    with op.batch_alter_table("staff_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_session_user_id"), ["user_id"], unique=False)

    op.create_table(
        "turn",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("intent", sa.String(length=80), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("procedure_code", sa.String(length=64), nullable=True),
        sa.Column("aspect", sa.String(length=20), nullable=True),
        sa.Column("decision", sa.String(length=12), nullable=True),
        sa.Column("commune", sa.String(length=80), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("ms", sa.Integer(), nullable=False),
        sa.Column("handed_over", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("pressed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_turn_conversation_id_conversation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turn")),
        sa.UniqueConstraint("conversation_id", "number", name=op.f("uq_turn_conversation_id_number")),
    )
    with op.batch_alter_table("turn", schema=None) as batch_op:
        batch_op.create_index("ix_turn_at", ["at"], unique=False)
        batch_op.create_index("ix_turn_channel", ["channel", "id"], unique=False)
        batch_op.create_index(
            "ix_turn_commune",
            ["commune", "id"],
            unique=False,
            sqlite_where=sa.text("commune is not null"),
            postgresql_where=sa.text("commune is not null"),
        )
        batch_op.create_index(
            "ix_turn_handed_over",
            ["id"],
            unique=False,
            sqlite_where=sa.text("handed_over"),
            postgresql_where=sa.text("handed_over"),
        )
        batch_op.create_index("ix_turn_intent", ["intent", "id"], unique=False)
        batch_op.create_index("ix_turn_language", ["language", "id"], unique=False)
        batch_op.create_index(
            "ix_turn_procedure_code",
            ["procedure_code", "id"],
            unique=False,
            sqlite_where=sa.text("procedure_code is not null"),
            postgresql_where=sa.text("procedure_code is not null"),
        )
        batch_op.create_index(
            "ix_turn_rating",
            ["rating", "id"],
            unique=False,
            sqlite_where=sa.text("rating is not null"),
            postgresql_where=sa.text("rating is not null"),
        )
        batch_op.create_index("ix_turn_status", ["status", "id"], unique=False)
        batch_op.create_index(
            "ix_turn_unsure",
            ["id"],
            unique=False,
            sqlite_where=sa.text("confidence < 0.5"),
            postgresql_where=sa.text("confidence < 0.5"),
        )
    for statement in SEARCH[op.get_bind().dialect.name]:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_table("turn_search")
    with op.batch_alter_table("turn", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_turn_unsure",
            sqlite_where=sa.text("confidence < 0.5"),
            postgresql_where=sa.text("confidence < 0.5"),
        )
        batch_op.drop_index("ix_turn_status")
        batch_op.drop_index(
            "ix_turn_rating",
            sqlite_where=sa.text("rating is not null"),
            postgresql_where=sa.text("rating is not null"),
        )
        batch_op.drop_index(
            "ix_turn_procedure_code",
            sqlite_where=sa.text("procedure_code is not null"),
            postgresql_where=sa.text("procedure_code is not null"),
        )
        batch_op.drop_index("ix_turn_language")
        batch_op.drop_index("ix_turn_intent")
        batch_op.drop_index(
            "ix_turn_handed_over",
            sqlite_where=sa.text("handed_over"),
            postgresql_where=sa.text("handed_over"),
        )
        batch_op.drop_index(
            "ix_turn_commune",
            sqlite_where=sa.text("commune is not null"),
            postgresql_where=sa.text("commune is not null"),
        )
        batch_op.drop_index("ix_turn_channel")
        batch_op.drop_index("ix_turn_at")

    op.drop_table("turn")
    with op.batch_alter_table("staff_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_staff_session_user_id"))

    op.drop_table("staff_session")
    op.drop_table("staff_grant")
    op.drop_table("saved_filter")
    with op.batch_alter_table("conversation_tag", schema=None) as batch_op:
        batch_op.drop_index("ix_conversation_tag_tag")

    op.drop_table("conversation_tag")
    with op.batch_alter_table("conversation_note", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_conversation_note_conversation_id"))

    op.drop_table("conversation_note")
    with op.batch_alter_table("conversation_flag", schema=None) as batch_op:
        batch_op.drop_index("ix_conversation_flag_kind")

    op.drop_table("conversation_flag")
    op.drop_table("staff_user")
    op.drop_table("staff_throttle")
    with op.batch_alter_table("audit_line", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_line_target")
        batch_op.drop_index("ix_audit_line_at")
        batch_op.drop_index("ix_audit_line_actor")
        batch_op.drop_index("ix_audit_line_action")

    op.drop_table("audit_line")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_line_refuse()")
    op.drop_table("audit_head")
