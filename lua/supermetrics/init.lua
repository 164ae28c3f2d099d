--- The Supermetrics Data Backfills API.
--
--     local supermetrics = require "supermetrics"
--     local backfill, err = supermetrics.cancel_backfill(12345, 1003)
--
-- The functions here work on a default client, made at first use from the environment variables SUPERMETRICS_API_KEY
-- and SUPERMETRICS_BASE_URL. Every one returns `value, nil, response` or `nil, err, response`; a misuse raises.

local client = require "supermetrics.client"
local core = require "supermetrics.core"
local failure = require "supermetrics.error"
require "supermetrics.backfill"

local supermetrics = {
  _VERSION = core._VERSION,
  new = client.new,
  is_error = failure.is_error,
}

local default_client

local function on_default_client(method)
  return function(...)
    default_client = default_client or client.new()
    return client.methods[method](default_client, ...)
  end
end

--- See client:cancel_backfill.
supermetrics.cancel_backfill = on_default_client("cancel_backfill")

--- See client:get_backfill.
supermetrics.get_backfill = on_default_client("get_backfill")

return supermetrics
