--- Dates as the API writes them. Pure: nothing here asks what time it is.

local moments = require "supermetrics.calendar"

local calendar = {}

local DAY = 24 * 60 * 60

--- The date so many days after 1970-01-01.
-- @param day_number integer
-- @return string such as "2024-02-29"
function calendar.date(day_number)
  return os.date("!%Y-%m-%d", day_number * DAY)
end

--- Days from 1970-01-01 to a date.
-- @param date string
-- @return integer, or nil where the text is no date or the calendar has no such day
function calendar.day_number(date)
  local seconds = moments.seconds(date .. "T00:00:00Z")
  if not seconds then
    return nil
  end
  local number = math.floor(seconds / DAY)
  -- 30 February has a number too, that of 1 or 2 March: only a day that exists comes back as it was.
  return calendar.date(number) == date and number or nil
end

--- All dates from the first to the last, both included.
-- @return list of strings, empty where the last is before the first
function calendar.range(first_date, last_date)
  local dates = {}
  for number = calendar.day_number(first_date), calendar.day_number(last_date) do
    dates[#dates + 1] = calendar.date(number)
  end
  return dates
end

--- A moment as the API writes it. Such texts sort in the order of time.
-- @param seconds number since 1970-01-01T00:00:00Z
-- @return string such as "2024-02-01T15:30:00Z"
function calendar.timestamp(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(seconds))
end

-- Not those of os.date, which follow the locale of the program.
local WEEKDAYS = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
local MONTHS = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

--- A moment as the headers of HTTP write it.
-- @param seconds number since 1970-01-01T00:00:00Z
-- @return string such as "Thu, 01 Feb 2024 15:30:00 GMT"
function calendar.http_date(seconds)
  local time = os.date("!*t", math.floor(seconds))
  return ("%s, %02d %s %04d %02d:%02d:%02d GMT"):format(
    WEEKDAYS[time.wday], time.day, MONTHS[time.month], time.year, time.hour, time.min, time.sec)
end

return calendar
