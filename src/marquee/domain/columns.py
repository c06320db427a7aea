"""Column names of every ratings, items and users table, in files, frames and Postgres alike."""

USER = "user_id"
ITEM = "item_id"
RATING = "rating"
TIME = "timestamp"  # whole seconds since 1970-01-01 UTC, int64

TITLE = "title"
YEAR = "year"
GENRES = "genres"

AGE = "age"
GENDER = "gender"
OCCUPATION = "occupation"

RATING_COLUMNS = (USER, ITEM, RATING, TIME)
ITEM_COLUMNS = (ITEM, TITLE, YEAR, GENRES)
USER_COLUMNS = (USER, AGE, GENDER, OCCUPATION)
