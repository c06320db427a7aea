"""An index on who was erased lately, and texts of one line.

Nothing that was shown to somebody is written after their erasure. Titles, categories, genders and occupations
that an import took with line breaks in them could not be written again: those become blanks.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_FUNCTIONS = r"""
CREATE OR REPLACE FUNCTION pg_temp.is_broken(words text) RETURNS boolean LANGUAGE sql AS
$$ SELECT words ~ '[\u0001-\u001f\u007f-\u009f\u2028\u2029]' OR btrim(words) = '' $$;

CREATE OR REPLACE FUNCTION pg_temp.line_of(words text) RETURNS text LANGUAGE sql AS
$$ SELECT nullif(btrim(regexp_replace(words, '[\u0001-\u001f\u007f-\u009f\u2028\u2029]+', ' ', 'g')), '') $$;
"""
_TITLES = """
UPDATE items SET updated_at = now(), title = coalesce(pg_temp.line_of(title), item_id)
WHERE pg_temp.is_broken(title)
"""
_GENRES = """
UPDATE items SET updated_at = now(), genres = ARRAY(
    SELECT pg_temp.line_of(genre) FROM unnest(genres) WITH ORDINALITY AS one (genre, place)
    WHERE pg_temp.line_of(genre) IS NOT NULL ORDER BY place
)
WHERE EXISTS (SELECT FROM unnest(genres) AS genre WHERE pg_temp.is_broken(genre))
"""
_WORDS = """
UPDATE users SET updated_at = now(), gender = CASE WHEN pg_temp.is_broken(gender) THEN
    pg_temp.line_of(gender) ELSE gender END, occupation = CASE WHEN pg_temp.is_broken(occupation) THEN
    pg_temp.line_of(occupation) ELSE occupation END
WHERE pg_temp.is_broken(gender) OR pg_temp.is_broken(occupation)
"""


def upgrade() -> None:
    op.create_index(
        "changes_erased_idx", "changes", ["key"], postgresql_where=sa.text("kind = 'user_erased'")
    )
    for statement in (_FUNCTIONS, _TITLES, _GENRES, _WORDS):
        op.execute(statement)
