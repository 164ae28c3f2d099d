#include "proxy_url.h"

#include <curl/curl.h>
#include <string.h>

static bool has_known_scheme(CURLU *url) {
  static const char *const schemes[] = {"http", "https", "socks4", "socks4a", "socks5", "socks5h"};
  char *scheme = NULL;
  bool is_known = false;
  if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK)
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
      is_known = is_known || strcmp(scheme, schemes[i]) == 0;
  curl_free(scheme);
  return is_known;
}

bool proxy_url_is_usable(const char *text) {
  CURLU *url = curl_url();
  bool is_usable = url != NULL &&
                   curl_url_set(url, CURLUPART_URL, text, CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
                   has_known_scheme(url);
  curl_url_cleanup(url);
  return is_usable;
}
