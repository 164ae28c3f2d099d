---@meta

-- The types of this library for lua-language-server, and a source of `make docs`; no program needs this file to run.
-- The methods of Client, Backfill and Error are annotated where they are written.

-- ---- arguments ----

--- An id: an integer, or its decimal string, from 1 to 9223372036854775807. It is exact on every Lua. In answers it is
--- an integer; on Lua 5.1, 5.2 and LuaJIT, which have no 64-bit integers, an id from 2^53 on is its decimal string. A
--- float from 2^53 on is refused as an argument, since it may have lost digits before it came.
---@alias supermetrics.Id integer|string

--- A key or token: a string, or a function that is asked for one at every attempt. Where the service answered 401, the
--- function is asked once more and gets that Error as its argument. It must return a string.
---@alias supermetrics.Token string|fun(refusal?: supermetrics.Error): string

--- How a request of one's own is made.
---@alias supermetrics.Method
---| "GET" # reads; tried again like every read
---| "POST" # writes; sent again only where the service certainly did not act on it, and so are the others
---| "PUT" # writes
---| "PATCH" # writes
---| "DELETE" # writes

-- ---- options ----

--- What one call can have of its own, as its last argument.
---@class (exact) supermetrics.CallOptions
--- Seconds for one attempt, at most 86400. Default: that of the client.
---@field timeout? number
--- Seconds for the whole call: attempts, waits, and looking what became of a write. Default: that of the client.
---@field deadline? number
--- How often the call is tried at most, from 1 to 1000. Default: that of the client.
---@field max_attempts? integer
--- In place of the client's key, for this call.
---@field token? supermetrics.Token
--- Names and values of headers to send besides those of the client. Those that carry the credential, frame the message
--- or describe the body are refused.
---@field headers? table<string, string>

--- What `supermetrics.new` takes. An unknown name or an impossible value raises.
---@class (exact) supermetrics.ClientOptions
--- Goes into the Authorization header of the configured host, and nowhere else. Default: the environment variable
--- `SUPERMETRICS_API_KEY`.
---@field api_key? string
--- In place of `api_key`; passing both raises.
---@field token? supermetrics.Token
--- Where the API is. Plain `http://` is only for this machine. Default: the environment variable
--- `SUPERMETRICS_BASE_URL`, else `https://dts-api.supermetrics.com/v1`.
---@field base_url? string
--- Seconds for one attempt, at most 86400. Default: 30.
---@field timeout? number
--- Seconds until the connection, TLS included, stands; at most 86400. Default: 10.
---@field connect_timeout? number
--- Seconds for a whole call: attempts, waits, and looking what became of a write. Default: none.
---@field deadline? number
--- How often a call is tried at most, from 1 to 1000. Default: 3.
---@field max_attempts? integer
--- A file of certificates to trust in place of the system's.
---@field ca_file? string
--- A folder of certificates to trust in place of the system's.
---@field ca_path? string
--- The URL of a proxy, with user and password where it needs them. It is never taken from `http_proxy` and the like.
--- Default: none.
---@field proxy? string
--- Is appended to the library's own User-Agent.
---@field user_agent? string
--- Names and values of headers to send with every request. Those that carry the credential, frame the message or
--- describe the body are refused.
---@field headers? table<string, string>
--- Bytes of an answer's body, after decompression, that are read at most, up to 1073741824. Default: 16777216.
---@field max_response_bytes? integer
--- Lets the key travel in the clear, to another machine. Default: false.
---@field allow_insecure_http? boolean
--- A hook for logs, called after every attempt. It may use another client, but not the one that calls it.
---@field on_attempt? fun(attempt: supermetrics.Attempt)
--- A function of an event loop that yields for so many seconds: then no call blocks. Default: `ngx.sleep` in OpenResty,
--- elsewhere none.
---@field sleep? fun(seconds: number)

--- What `cancel_backfills` takes besides the ids. A `deadline` holds for all of them together.
---@class (exact) supermetrics.BatchOptions: supermetrics.CallOptions
--- How many are cancelled at once, from 1 to 1000. Default: 10.
---@field concurrency? integer
--- Called with each result as soon as it is known, and with its index.
---@field on_result? fun(result: supermetrics.Result, index: integer)

--- What `cancel_incomplete_backfills` takes.
---@class (exact) supermetrics.IncompleteOptions: supermetrics.BatchOptions
--- Only backfills of this transfer.
---@field transfer_id? supermetrics.Id
--- Only backfills of this status, or of one of these. Default: all four.
---@field status? supermetrics.IncompleteStatus|supermetrics.IncompleteStatus[]
--- Only lists what would be cancelled, of the first 100, and sends nothing but a GET. Default: false.
---@field dry_run? boolean

--- What `wait_for_backfill` takes. The rest holds for each look.
---@class (exact) supermetrics.WaitOptions: supermetrics.CallOptions
--- Seconds for all of the wait. Default: `deadline`.
---@field timeout? number
--- Seconds for all of the wait, where there is no `timeout`. Default: that of the client; without one there is no end.
---@field deadline? number
--- Called with the backfill at the first look, and whenever it has moved.
---@field on_progress? fun(backfill: supermetrics.Backfill)

-- ---- what comes back ----

--- What a backfill is doing. A status that this library does not know is kept as it came.
---@alias supermetrics.Status
---| "CREATED" # made, and not begun
---| "SCHEDULED" # its runs wait to begin
---| "RUNNING" # its runs are at work
---| "COMPLETED" # ended, and final
---| "FAILED" # ended with runs that failed; not final, since it can be cancelled
---| "CANCELLED" # ended by a cancel, and final
---| string # one that this library does not know

--- A status in which the service still cancels a backfill.
---@alias supermetrics.IncompleteStatus
---| "CREATED" # made, and not begun
---| "SCHEDULED" # its runs wait to begin
---| "RUNNING" # its runs are at work
---| "FAILED" # ended with runs that failed

--- A run of a backfill that failed, an entry of `error_report`: as the service sent it.
---@class supermetrics.FailedRun
--- The day that the run was for, `YYYY-MM-DD`.
---@field transfer_run_date? string
--- What went wrong, in the service's words.
---@field error? string

--- A backfill as the service shows it: a plain table with the wire's field names, so `pairs` shows them all. `null` and
--- absent are both `nil`, and fields that this library does not know are kept. `tostring(backfill)` is one line:
---
---     backfill 1003 of transfer 502: CANCELLED, 2024-01-01 to 2024-01-31, 25 of 31 runs ended
---
--- `transfer_backfill_id`, `status` and `error_report` are always there. What else the service leaves out is absent,
--- and a value of another type than the one named here stays as it came.
---@class supermetrics.Backfill
--- The id of the backfill.
---@field transfer_backfill_id supermetrics.Id
--- The id of the transfer that it belongs to.
---@field transfer_id? supermetrics.Id
--- First day of the range, `YYYY-MM-DD`.
---@field range_start_date? string
--- Last day of the range, included, `YYYY-MM-DD`.
---@field range_end_date? string
--- When it was created, as `2024-02-01T09:00:00Z`.
---@field created_time? string
--- The id of the user who created it.
---@field created_user_id? supermetrics.Id
--- When it was cancelled.
---@field removed_time? string
--- The id of the user who cancelled it.
---@field removed_user_id? supermetrics.Id
--- When it began.
---@field start_time? string
--- When it ended.
---@field end_time? string
--- What it is doing.
---@field status supermetrics.Status
--- How many runs it has in all.
---@field transfer_runs_total? integer
--- How many of its runs have been created.
---@field transfer_runs_created? integer
--- How many of its runs have completed.
---@field transfer_runs_completed? integer
--- How many of its runs have failed.
---@field transfer_runs_failed? integer
--- The runs that failed: always a list, empty where there are none.
---@field error_report supermetrics.FailedRun[]

--- What came with the last answer, and what the whole call took: the third value of a call.
---@class supermetrics.Response
--- The HTTP status; absent where there was no answer.
---@field status? integer
--- The headers by name, in any case. Values of headers that came several times are joined by a comma and a space.
---@field headers? table<string, string>
--- The header lines as they came, each with a newline behind it.
---@field header_lines? string
--- The id that the service gave to the request: what its support asks for.
---@field request_id? string
--- How many requests this call made of the operation that was asked for.
---@field attempts? integer
--- Seconds that the call took, waits included.
---@field elapsed? number

--- What `on_attempt` is told of each attempt. It holds no secret.
---@class supermetrics.Attempt
--- The operation, such as `cancel_backfill`; `request` for a request of one's own.
---@field operation string
--- `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
---@field method string
--- The path under the base URL.
---@field path string
--- The HTTP status; absent where there was no answer.
---@field status? integer
--- What went wrong; absent where the attempt succeeded.
---@field kind? supermetrics.ErrorKind
--- Which attempt of its operation it was, from 1.
---@field attempt integer
--- Seconds that it took.
---@field seconds number
--- The id that the service gave to the request.
---@field request_id? string
--- Whether the answer was what was asked for.
---@field succeeded boolean

--- What became of one id of a batch: it holds either `backfill` or `err`.
---@class supermetrics.Result
--- The id as it was passed; of `cancel_incomplete_backfills`, as it was listed.
---@field id supermetrics.Id
--- The backfill, cancelled; in a dry run, as it was listed.
---@field backfill? supermetrics.Backfill
--- Why it is not known to be cancelled.
---@field err? supermetrics.Error
--- What came with the last answer.
---@field response supermetrics.Response

--- A list of results, with counts beside them.
---@class supermetrics.Results
--- The result of each id, from 1 on.
---@field [integer] supermetrics.Result
--- How many were cancelled.
---@field cancelled integer
--- How many were not.
---@field failed integer
--- The refusal of the key that ended those that had not been sent yet.
---@field stopped_by? supermetrics.Error
--- True where the results are those of a dry run.
---@field dry_run? boolean

-- ---- errors ----

--- What kind of failure it was.
---@alias supermetrics.ErrorKind
---| "bad_request" # HTTP 400: the service did not accept the request as it was written.
---| "unauthorized" # HTTP 401: the service does not know the key, or does not accept it any more.
---| "forbidden" # HTTP 403: the key does not have the right to do this.
---| "not_found" # HTTP 404: the team has no such backfill or transfer.
---| "unprocessable" # HTTP 422: the state of things does not allow it, as a cancel of what has ended already.
---| "rate_limited" # HTTP 429: too many requests; `retry_after` may say how long to wait.
---| "server_error" # HTTP 5xx: the service or a gateway before it failed.
---| "unexpected_status" # Any other status, a redirect for instance: none is followed.
---| "network" # No connection, or it broke before the whole answer was there.
---| "timeout" # The whole answer did not come in time, or a wait ran out of time.
---| "tls" # No secure connection: a certificate that is not trusted, for instance.
---| "invalid_response" # A success by its status that is not what was asked for, or an answer that is not HTTP.
---| "aborted" # The call was ended from this side.

--- Whether the request may have had an effect.
---@alias supermetrics.Outcome
---| "not_applied" # The request certainly had no effect.
---| "unknown" # The request may have had an effect: the answer to a write was lost, or cannot be trusted.

--- What the network or the service did: the second value of a call that failed. What is wrong in the call itself raises
--- instead. `tostring(err)` is one line, fit for a log. Neither it nor any field holds the key.
---@class supermetrics.Error
--- What kind of failure it was.
---@field kind supermetrics.ErrorKind
--- Whether the request may have had an effect.
---@field outcome supermetrics.Outcome
--- The operation, such as `cancel_backfill`; `request` for a request of one's own.
---@field operation string
--- The request, such as `PATCH /teams/12345/backfills/1003`; absent where none was sent.
---@field request? string
--- The HTTP status; absent where there was no answer.
---@field status? integer
--- The service's own code, such as `NOT_FOUND`.
---@field code? string
--- The service's own message.
---@field message? string
--- The service's own description.
---@field description? string
--- The id that the service gave to the request: what its support asks for.
---@field request_id? string
--- This library's own words, where the service's do not say it all.
---@field reason? string
--- Seconds after which the service wants to be asked again.
---@field retry_after? number
--- How many requests were made of the operation that was asked for.
---@field attempts integer
--- Seconds that the call took, waits included.
---@field elapsed number
--- The backfill as it was seen last: after a cancel that was refused or lost, and after a wait that ran out of time.
---@field backfill? supermetrics.Backfill
--- The first 1,000 bytes of a body that could not be understood.
---@field body? string
--- Why it could not be found out what became of a write, or the last failed look of a wait that ran out of time.
---@field look_error? supermetrics.Error
--- Of `cancel_incomplete_backfills`: the results that were there before a list could not be had.
---@field results? supermetrics.Results

-- ---- the module ----

-- init.lua makes these of the methods of the same name, whose text says what they do.

---@class supermetrics
--- The version of this library.
---@field _VERSION string
local supermetrics = {}

---@param given? supermetrics.ClientOptions
---@return supermetrics.Client client
function supermetrics.new(given) end

---@param value any
---@return boolean
function supermetrics.is_error(value) end

---@param team_id supermetrics.Id
---@param backfill_id supermetrics.Id
---@param overrides? supermetrics.CallOptions
---@return supermetrics.Backfill? backfill
---@return supermetrics.Error? err
---@return supermetrics.Response response
function supermetrics.cancel_backfill(team_id, backfill_id, overrides) end

---@param team_id supermetrics.Id
---@param backfill_id supermetrics.Id
---@param overrides? supermetrics.CallOptions
---@return supermetrics.Backfill? backfill
---@return supermetrics.Error? err
---@return supermetrics.Response response
function supermetrics.ensure_backfill_cancelled(team_id, backfill_id, overrides) end

---@param team_id supermetrics.Id
---@param backfill_id supermetrics.Id
---@param overrides? supermetrics.CallOptions
---@return supermetrics.Backfill? backfill
---@return supermetrics.Error? err
---@return supermetrics.Response response
function supermetrics.get_backfill(team_id, backfill_id, overrides) end

---@param team_id supermetrics.Id
---@param transfer_id supermetrics.Id
---@param overrides? supermetrics.CallOptions
---@return supermetrics.Backfill? backfill
---@return supermetrics.Error? err
---@return supermetrics.Response response
function supermetrics.get_latest_backfill(team_id, transfer_id, overrides) end

---@param team_id supermetrics.Id
---@param overrides? supermetrics.CallOptions
---@return supermetrics.Backfill[]? backfills
---@return supermetrics.Error? err
---@return supermetrics.Response response
function supermetrics.list_incomplete_backfills(team_id, overrides) end

---@param team_id supermetrics.Id
---@param transfer_id supermetrics.Id
---@param range_start string
---@param range_end string
---@param overrides? supermetrics.CallOptions
---@return supermetrics.Backfill? backfill
---@return supermetrics.Error? err
---@return supermetrics.Response response
function supermetrics.create_backfill(team_id, transfer_id, range_start, range_end, overrides) end

---@param team_id supermetrics.Id
---@param ids supermetrics.Id[]
---@param given? supermetrics.BatchOptions
---@return supermetrics.Results results
function supermetrics.cancel_backfills(team_id, ids, given) end

---@param team_id supermetrics.Id
---@param given? supermetrics.IncompleteOptions
---@return supermetrics.Results? results
---@return supermetrics.Error? err
---@return supermetrics.Response? response
function supermetrics.cancel_incomplete_backfills(team_id, given) end

---@param team_id supermetrics.Id
---@param backfill_id supermetrics.Id
---@param given? supermetrics.WaitOptions
---@return supermetrics.Backfill? backfill
---@return supermetrics.Error? err
---@return supermetrics.Response response
function supermetrics.wait_for_backfill(team_id, backfill_id, given) end

---@param method supermetrics.Method
---@param path string
---@param body? table|string
---@param overrides? supermetrics.CallOptions
---@return any body
---@return supermetrics.Error? err
---@return supermetrics.Response response
function supermetrics.request(method, path, body, overrides) end
