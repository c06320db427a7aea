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

EVENT = "event_id"
KIND = "kind"
AT = "at"  # a moment with its offset from UTC, to the microsecond
VALUE = "value"
REQUEST = "request_id"
VERSION = "model_version"
VARIANT = "variant"

RATING_COLUMNS = (USER, ITEM, RATING, TIME)
EVENT_COLUMNS = (EVENT, KIND, USER, ITEM, AT, VALUE, REQUEST, VERSION, VARIANT)
ITEM_COLUMNS = (ITEM, TITLE, YEAR, GENRES)
USER_COLUMNS = (USER, AGE, GENDER, OCCUPATION)
