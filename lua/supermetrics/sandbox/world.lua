--- The ready-made world: what a sandbox holds when it starts. Every value is made up and easy to type.

-- 2^53 + 1 is the first integer that a double cannot hold, 2^63 - 1 the largest id of the API.
local FIRST_INEXACT_ID = "9007199254740993"
local LARGEST_ID = "9223372036854775807"

local READ, WRITE = "dwh_transfers_read", "dwh_transfers_write"
local VIEW, EDIT = "dwh.transfer.view", "dwh.transfer.edit"

-- The first is the key to use; the others are for rehearsing what can go wrong.
--   expires_time       from then on it is refused
--   hourly_limit       what X-RateLimit-Limit says
--   requests_left      how many more are answered before 429 (absent: no limit is enforced); no time fills it up again,
--                      so that a rehearsal sees the same answer for as long as it likes
--   retry_after        seconds that this 429 names
--   quota_rows_left    0: every request is refused for the month
--   note               for the person who reads the table
local KEYS = {
  {credential = "sandbox_full_access_key", team_id = "12345", user_id = "790",
    scopes = {READ, WRITE}, permissions = {VIEW, EDIT}, note = "may do everything"},
  {credential = "sandbox_read_only_key", team_id = "12345", user_id = "791",
    scopes = {READ}, permissions = {VIEW, EDIT}, note = "lacks the scope to cancel: 403"},
  {credential = "sandbox_viewer_key", team_id = "12345", user_id = "792",
    scopes = {READ, WRITE}, permissions = {VIEW}, note = "its user may not edit transfers: 403 on cancel"},
  {credential = "sandbox_rate_limited_key", team_id = "12345", user_id = "793",
    scopes = {READ, WRITE}, permissions = {VIEW, EDIT},
    hourly_limit = 100, requests_left = 0, retry_after = 2, note = "hourly limit used up: 429, Retry-After 2"},
  {credential = "sandbox_quota_used_up_key", team_id = "12345", user_id = "794",
    scopes = {READ, WRITE}, permissions = {VIEW, EDIT},
    quota_rows_left = 0, note = "monthly quota used up: 429, no Retry-After"},
  {credential = "otok_sandbox_expired_token", team_id = "12345", user_id = "795",
    scopes = {READ, WRITE}, permissions = {VIEW, EDIT},
    expires_time = "2024-01-01T00:00:00Z", note = "expired OAuth token: 401"},
  {credential = "sandbox_other_team_key", team_id = "67890", user_id = "890",
    scopes = {READ, WRITE}, permissions = {VIEW, EDIT}, note = "belongs to team 67890"},
}

local TRANSFERS = {
  {transfer_id = "501", team_id = "12345"},
  {transfer_id = "502", team_id = "12345"},
  {transfer_id = "503", team_id = "12345"},
  {transfer_id = "504", team_id = "12345"},
  {transfer_id = "505", team_id = "12345"},
  {transfer_id = "601", team_id = "67890"},
}

-- `layout` is that of progress.runs. `always_fails`: whatever is asked of it, the service answers 500.
local BACKFILLS = {
  {transfer_backfill_id = "1001", transfer_id = "501", status = "CREATED",
    range_start_date = "2024-03-01", range_end_date = "2024-03-31",
    created_time = "2024-05-02T09:00:00Z", created_user_id = "789"},
  {transfer_backfill_id = "1002", transfer_id = "501", status = "SCHEDULED",
    range_start_date = "2024-02-01", range_end_date = "2024-02-29",
    created_time = "2024-05-02T08:30:00Z", created_user_id = "789"},
  {transfer_backfill_id = "1003", transfer_id = "502", status = "RUNNING",
    range_start_date = "2024-01-01", range_end_date = "2024-01-31",
    created_time = "2024-05-01T09:00:00Z", created_user_id = "789", start_time = "2024-05-01T10:00:00Z",
    layout = {finished = 25, running = 2}},
  {transfer_backfill_id = "1004", transfer_id = "502", status = "FAILED",
    range_start_date = "2024-04-01", range_end_date = "2024-04-14",
    created_time = "2024-04-20T07:00:00Z", created_user_id = "789", start_time = "2024-04-20T07:05:00Z",
    end_time = "2024-04-20T07:40:00Z",
    layout = {finished = 14, failures = {
      ["2024-04-03"] = "The data source did not answer in time.",
      ["2024-04-09"] = "The login of the data source has been revoked.",
    }}},
  {transfer_backfill_id = "1005", transfer_id = "503", status = "COMPLETED",
    range_start_date = "2023-12-01", range_end_date = "2023-12-31",
    created_time = "2024-01-15T07:00:00Z", created_user_id = "789", start_time = "2024-01-15T08:00:00Z",
    end_time = "2024-01-15T10:30:00Z", layout = {finished = 31}},
  {transfer_backfill_id = "1006", transfer_id = "503", status = "CANCELLED",
    range_start_date = "2023-11-01", range_end_date = "2023-11-30",
    created_time = "2024-01-10T07:00:00Z", created_user_id = "789", start_time = "2024-01-10T08:00:00Z",
    end_time = "2024-01-10T08:15:00Z", removed_time = "2024-01-10T08:15:00Z", removed_user_id = "790",
    layout = {finished = 12}},
  {transfer_backfill_id = "1007", transfer_id = "503", status = "RUNNING", always_fails = true,
    range_start_date = "2024-02-01", range_end_date = "2024-02-10",
    created_time = "2024-04-30T09:00:00Z", created_user_id = "789", start_time = "2024-04-30T09:10:00Z",
    layout = {finished = 3, running = 2}},
  {transfer_backfill_id = FIRST_INEXACT_ID, transfer_id = "504", status = "RUNNING",
    range_start_date = "2024-04-01", range_end_date = "2024-04-10",
    created_time = "2024-05-03T09:00:00Z", created_user_id = "789", start_time = "2024-05-03T09:10:00Z",
    layout = {finished = 4, running = 1}},
  {transfer_backfill_id = LARGEST_ID, transfer_id = "504", status = "RUNNING",
    range_start_date = "2024-03-01", range_end_date = "2024-03-10",
    created_time = "2024-05-03T08:00:00Z", created_user_id = "789", start_time = "2024-05-03T08:10:00Z",
    layout = {finished = 6, running = 1}},
  {transfer_backfill_id = "2001", transfer_id = "601", status = "RUNNING",
    range_start_date = "2024-01-01", range_end_date = "2024-01-07",
    created_time = "2024-05-01T12:00:00Z", created_user_id = "889", start_time = "2024-05-01T12:10:00Z",
    layout = {finished = 2, running = 1}},
}

return {
  teams = {"12345", "67890"},
  keys = KEYS,
  transfers = TRANSFERS,
  backfills = BACKFILLS,
}
