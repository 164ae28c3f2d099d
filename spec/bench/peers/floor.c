/* The floor: libcurl's multi interface alone. It cancels backfills 1000001 and on, one after another, throws the
 * answers away, and looks at nothing but their status: floor <count>. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

static size_t discard(char *bytes, size_t size, size_t count, void *context) {
  (void)bytes, (void)context;
  return size * count;
}

int main(int argc, char **argv) {
  long count = argc > 1 ? atol(argv[1]) : 1, status = 0;
  char url[512], authorization[512];
  snprintf(authorization, sizeof authorization, "Authorization: Bearer %s", getenv("SUPERMETRICS_API_KEY"));
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM *multi = curl_multi_init();
  CURL *easy = curl_easy_init();
  struct curl_slist *headers = curl_slist_append(NULL, authorization);
  headers = curl_slist_append(headers, "Content-Type: application/json");
  headers = curl_slist_append(headers, "Accept: application/json");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PATCH");
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "{\"status\":\"CANCELLED\"}");
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
  if (getenv("BENCH_CA_FILE") != NULL)
    curl_easy_setopt(easy, CURLOPT_CAINFO, getenv("BENCH_CA_FILE"));
  for (long i = 1; i <= count; i++) {
    int running = 1;
    snprintf(url, sizeof url, "%s/teams/12345/backfills/%ld", getenv("SUPERMETRICS_BASE_URL"), 1000000 + i);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_multi_add_handle(multi, easy);
    while (curl_multi_perform(multi, &running) == CURLM_OK && running > 0)
      curl_multi_poll(multi, NULL, 0, 1000, NULL);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(multi, easy);
    if (status != 200)
      return 1;
  }
  curl_slist_free_all(headers);
  curl_easy_cleanup(easy);
  curl_multi_cleanup(multi);
  curl_global_cleanup();
  return 0;
}
