#include "mock-answers.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TEN "xxxxxxxxxx"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define CHUNK_HEAD                                                                                                                         \
  "data: {\"id\":\"chatcmpl-0123456789abcdef0123456789abcd\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\"model\":\"bench\","

uint64_t monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

size_t write_answer(char *to, const char *status, const char *type, const char *body) {
  return (size_t)snprintf(to, MAX_ANSWER, "HTTP/1.1 %s\r\ncontent-type: %s\r\ncontent-length: %zu\r\n\r\n%s", status, type, strlen(body), body);
}

size_t write_completion(char *to) {
  char body[MAX_ANSWER];
  snprintf(body, sizeof body,
           "{\"id\":\"chatcmpl-0123456789abcdef0123456789abcdef\",\"object\":\"chat.completion\",\"created\":1760000000,\"model\":\"bench\","
           "\"service_tier\":\"default\",\"system_fingerprint\":\"%016llx\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
           "\"content\":\"" HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED
           "\",\"refusal\":null,\"annotations\":[],\"tool_calls\":[]},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
           "\"usage\":{\"prompt_tokens\":120,\"completion_tokens\":128,\"total_tokens\":248}}",
           (unsigned long long)monotonic_ns());
  return write_answer(to, "200 OK", "application/json", body);
}

size_t write_stream_head(char *to) {
  return (size_t)snprintf(to, MAX_ANSWER,
                          "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n");
}

static size_t write_chunk(char *to, size_t room, const char *payload) {
  return (size_t)snprintf(to, room, "%zx\r\n%s\r\n", strlen(payload), payload);
}

size_t write_event(char *to, int index, int count) {
  char payload[MAX_ANSWER / 2];
  snprintf(payload, sizeof payload,
           CHUNK_HEAD "\"system_fingerprint\":\"%016llx\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" token%d\"},\"logprobs\":null,"
                      "\"finish_reason\":%s}]}\n\n",
           (unsigned long long)monotonic_ns(), index, index + 1 == count ? "\"stop\"" : "null");
  return write_chunk(to, MAX_ANSWER, payload);
}

size_t write_end(char *to, int wants_usage, int count) {
  char payload[MAX_ANSWER / 2];
  size_t length = 0;
  if (wants_usage) {
    snprintf(payload, sizeof payload, CHUNK_HEAD "\"choices\":[],\"usage\":{\"prompt_tokens\":120,\"completion_tokens\":%d,\"total_tokens\":%d}}\n\n", count,
             120 + count);
    length = write_chunk(to, MAX_ANSWER, payload);
  }
  length += write_chunk(to + length, MAX_ANSWER - length, "data: [DONE]\n\n");
  return length + (size_t)snprintf(to + length, MAX_ANSWER - length, "0\r\n\r\n");
}
