--- The words of the command: what it takes and what it does. Two readers make the parser with its `--help`
-- (arguments.lua) and the man page (manual.lua) of this one table.
--
-- An argument or option has `name`, `text`, and:
--   target    its name in the parsed options, where it is not that of the option
--   value     of an option with a value: what stands for it in the help
--   is_list   an argument that comes once or more often, an option that may
--   kind      what its value must be, a name in arguments.lua; any text where absent
--   choices   what its value may be

local CONCURRENCY = {name = "--concurrency", value = "N", kind = "count",
  text = "Cancel so many at once, from 1 to 1000. Default: 10."}

local YES = {name = "--yes", text = "Do not ask. Required where there is no terminal to ask on."}

local TEAM = {name = "TEAM", target = "team_id", text = "Id of the team."}

local BACKFILL = {name = "ID", target = "backfill_id", text = "Id of the backfill."}

local TRANSFER = {name = "TRANSFER", target = "transfer_id", text = "Id of the transfer."}

local STATUSES = {"CREATED", "SCHEDULED", "RUNNING", "FAILED"}

return {
  name = "supermetrics-backfill",
  summary = "cancel, create and watch Supermetrics backfills",
  description = {
    "Works on the backfills of data warehouse transfers by the Supermetrics Data Backfills API.",
    "The key comes from the environment variable SUPERMETRICS_API_KEY or from a file, never from an argument, since "
      .. "others on the same machine can read those.",
    "The answer goes to the standard output: a table, or with --json exactly one JSON document, errors included. "
      .. "Progress, questions and complaints go to the standard error. There is colour on a terminal only.",
  },
  commands = {
    {
      name = "cancel",
      summary = "Cancel one or several backfills",
      description = {
        "Cancels the named backfills. One failure stops none of the others.",
        "It asks before it cancels. A backfill that is COMPLETED or CANCELLED already is not a success: see the exit "
          .. "codes, and --ensure.",
      },
      arguments = {TEAM, {name = "ID", target = "ids", is_list = true, text = "Ids of the backfills."}},
      options = {
        {name = "--dry-run", text = "Only read the backfills and show what would be cancelled."},
        {name = "--ensure", text = "Count a backfill that is CANCELLED already as a success."},
        YES,
        CONCURRENCY,
      },
    },
    {
      name = "cancel-all",
      summary = "Cancel all incomplete backfills of a team",
      description = {
        "Cancels all backfills of a team that are CREATED, SCHEDULED, RUNNING or FAILED, or those of a transfer or "
          .. "a status.",
        "It lists them and asks before it cancels. The service lists 100 at a time; those behind are listed and "
          .. "cancelled too.",
      },
      arguments = {TEAM},
      options = {
        {name = "--transfer", target = "transfer_id", value = "ID", text = "Only backfills of this transfer."},
        {name = "--status", value = "STATUS", is_list = true, choices = STATUSES,
          text = "Only backfills of this status: CREATED, SCHEDULED, RUNNING or FAILED. May be given several times."},
        {name = "--dry-run", text = "Only list what would be cancelled, of the first 100."},
        YES,
        CONCURRENCY,
      },
    },
    {
      name = "get",
      summary = "Show a backfill",
      description = {"Shows a backfill and the runs of it that failed."},
      arguments = {TEAM, BACKFILL},
    },
    {
      name = "latest",
      summary = "Show the newest backfill of a transfer",
      description = {"Shows the newest backfill of a transfer, whatever its status."},
      arguments = {TEAM, TRANSFER},
    },
    {
      name = "list",
      summary = "List the incomplete backfills of a team",
      description = {"Lists the backfills of a team that are CREATED, SCHEDULED, RUNNING or FAILED, newest first. The "
        .. "service shows no more than 100."},
      arguments = {TEAM},
    },
    {
      name = "create",
      summary = "Create a backfill",
      description = {
        "Creates a backfill of a transfer for a range of days, both included, and shows it. It is created at most "
          .. "once.",
      },
      arguments = {
        TEAM,
        TRANSFER,
        {name = "START", target = "range_start", text = "First day, as YYYY-MM-DD."},
        {name = "END", target = "range_end", text = "Last day, as YYYY-MM-DD."},
      },
      options = {{name = "--dry-run", text = "Only check the arguments and show the request that would be sent."}},
    },
    {
      name = "wait",
      summary = "Wait until a backfill has ended",
      description = {
        "Waits until a backfill is COMPLETED, FAILED or CANCELLED, and shows it. Only COMPLETED is exit code 0.",
      },
      arguments = {TEAM, BACKFILL},
      options = {{name = "--timeout", target = "wait_timeout", value = "SECONDS", kind = "seconds",
        text = "Wait no longer than this. Default: as long as it takes."}},
    },
  },
  options = {
    {name = "--json", text = "Print one JSON document in place of a table."},
    {name = "--quiet", text = "Show no progress."},
    {name = "--api-key-file", value = "FILE", text = "Take the key from the first line of this file."},
    {name = "--base-url", value = "URL",
      text = "Where the API is. Default: SUPERMETRICS_BASE_URL, else https://dts-api.supermetrics.com/v1."},
    {name = "--ca-file", value = "FILE", text = "Trust the certificates in this file in place of the system's."},
    {name = "--attempt-timeout", value = "SECONDS", kind = "seconds",
      text = "Seconds for one attempt, at most 86400. Default: 30."},
    {name = "--deadline", value = "SECONDS", kind = "seconds",
      text = "Seconds for a whole call with all its attempts. Default: none."},
    {name = "--max-attempts", value = "N", kind = "count",
      text = "How often a call is tried, from 1 to 1000. Default: 3."},
  },
  environment = {
    {"SUPERMETRICS_API_KEY", "The key, where there is no --api-key-file."},
    {"SUPERMETRICS_BASE_URL", "Where the API is, where there is no --base-url."},
    {"NO_COLOR", "Where it is set and not empty: no colour."},
    {"TERM", "Where it is dumb or not set: no colour and no bar."},
  },
  examples = {
    {"Cancel a backfill that runs wild, without a question:", "supermetrics-backfill cancel 12345 1003 --yes"},
    {"See what would be cancelled of a transfer, then cancel it:",
      "supermetrics-backfill cancel-all 12345 --transfer 502 --dry-run",
      "supermetrics-backfill cancel-all 12345 --transfer 502"},
    {"Load a month once more and wait for it, at most an hour:",
      "supermetrics-backfill create 12345 505 2024-06-01 2024-06-30 --json",
      "supermetrics-backfill wait 12345 1003 --timeout 3600"},
  },
}
