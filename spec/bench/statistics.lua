--- What a list of measured numbers says.

local statistics = {}

-- By linear interpolation between the two nearest.
local function quantile(sorted, share)
  local position = 1 + share * (#sorted - 1)
  local below = math.floor(position)
  local above = math.min(below + 1, #sorted)
  return sorted[below] + (position - below) * (sorted[above] - sorted[below])
end

--- Of a list that is not empty.
-- @param numbers list
-- @return table: `median`; `low` and `high`, the quartiles; `least` and `most`
function statistics.of(numbers)
  local sorted = {}
  for index, number in ipairs(numbers) do
    sorted[index] = number
  end
  table.sort(sorted)
  return {
    median = quantile(sorted, 0.5),
    low = quantile(sorted, 0.25),
    high = quantile(sorted, 0.75),
    least = sorted[1],
    most = sorted[#sorted],
  }
end

--- Each number of a list by the one that was measured in the same round.
function statistics.ratios(numbers, others)
  local ratios = {}
  for index, number in ipairs(numbers) do
    ratios[index] = number / others[index]
  end
  return ratios
end

--- The median of those.
function statistics.ratio(numbers, others)
  return statistics.of(statistics.ratios(numbers, others)).median
end

return statistics
