-- Writes the reference and the guides as HTML. In the root of the checkout: lua docs/reference/generate.lua build/docs

package.path = "./?.lua;" .. package.path

local reference = require "docs.reference"

local folder = assert(arg[1], "usage: lua docs/reference/generate.lua FOLDER")
local pages = reference.pages()
assert(os.execute(("mkdir -p '%s' && cp docs/reference/style.css '%s/'"):format(folder, folder)))
local count = 0
for name, html in pairs(pages) do
  local file = assert(io.open(("%s/%s.html"):format(folder, name), "w"))
  assert(file:write(html))
  assert(file:close())
  count = count + 1
end
print(("%d pages: %s/index.html"):format(count, folder))
