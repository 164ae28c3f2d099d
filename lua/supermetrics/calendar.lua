--- Moments as the API writes them.

local calendar = {}

-- Days from 1970-01-01 to a date of the Gregorian calendar; years begin in March, so that the leap day is their last.
local function days_since_1970(year, month, day)
  if month <= 2 then
    year, month = year - 1, month + 12
  end
  local leap_days = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
  return 365 * year + leap_days + math.floor((153 * (month - 3) + 2) / 5) + day - 719469
end

--- Seconds since 1970 of an ISO 8601 time with its offset, such as "2024-02-01T15:30:00Z" or "…00.5+02:00".
-- @return number, or nil where the text is no such time
function calendar.seconds(text)
  local year, month, day, hour, minute, second, offset =
    tostring(text):match("^(%d%d%d%d)%-(%d%d)%-(%d%d)[Tt ](%d%d):(%d%d):(%d%d%.?%d*)(.*)$")
  if not year then
    return nil
  end
  local sign, offset_hours, offset_minutes = offset:match("^([+-])(%d%d):?(%d%d)$")
  if not sign and offset ~= "Z" and offset ~= "z" then
    return nil
  end
  local offset_seconds = sign and tonumber(sign .. (offset_hours * 3600 + offset_minutes * 60)) or 0
  return days_since_1970(tonumber(year), tonumber(month), tonumber(day)) * 86400 + hour * 3600 + minute * 60 + second
    - offset_seconds
end

return calendar
