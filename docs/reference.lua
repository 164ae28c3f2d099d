--- The reference, from the annotations of the library, and the guides docs/*.md. Runs in the root of the checkout.

local annotations = require "docs.reference.annotations"
local pages = require "docs.reference.pages"

local reference = {}

-- Every file that annotates something public; functions stand on the pages in this order.
local FILES = {"init", "client", "cancelling", "waiting", "backfill", "error", "sleep/luv", "types", "core_types"}

local function read_file(path)
  local file = assert(io.open(path, "r"))
  local text = file:read("*a")
  file:close()
  return text
end

--- What the annotations say.
function reference.model()
  local model = annotations.new()
  for _, name in ipairs(FILES) do
    local path = "lua/supermetrics/" .. name .. ".lua"
    model:read(path, read_file(path))
  end
  return model
end

--- The guides, in the order of their names.
-- @return list of {name, title, text}
function reference.guides()
  local guides = {}
  local pipe = assert(io.popen("ls docs/*.md 2>/dev/null"))
  for path in pipe:lines() do
    local text = read_file(path)
    local name = path:match("([^/]+)%.md$")
    local title = (text:match("^# ([^\n]+)") or name):gsub("`", "") -- a link's text is no Markdown
    guides[#guides + 1] = {name = name, title = title, text = text}
  end
  pipe:close()
  return guides
end

--- All pages, HTML by name.
function reference.pages()
  return pages.all(reference.model(), reference.guides())
end

return reference
