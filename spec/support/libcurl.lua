--- The libcurl that the core runs with, where what an answer comes to depends on its version.

local core = require "supermetrics.core"

local libcurl = {}

--- Whether it is of that version or a newer one.
-- @param major, minor numbers, as 8 and 6 of 8.6.0
function libcurl.is_at_least(major, minor)
  local own_major, own_minor = core.libcurl_version():match("^(%d+)%.(%d+)")
  own_major, own_minor = tonumber(own_major), tonumber(own_minor)
  return own_major > major or own_major == major and own_minor >= minor
end

return libcurl
