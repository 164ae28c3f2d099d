--- Dates as the API writes them. Pure: nothing here asks what time it is.

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
  local year, month, day = date:match("^(%d%d%d%d)-(%d%d)-(%d%d)$")
  if not year then
    return nil
  end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  -- Counted from 1 March, the leap day is the last of its year and the months' lengths follow one formula.
  if month <= 2 then
    year = year - 1
  end
  local month_from_march = (month + 9) % 12
  local leap_days = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
  local number = 365 * year + leap_days + math.floor((153 * month_from_march + 2) / 5) + day - 719469
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

return calendar
