/* The texts that the mock upstream sends. Every function writes a whole HTTP message or whole chunks and returns their length. */
#ifndef MOCK_ANSWERS_H
#define MOCK_ANSWERS_H

#include <stddef.h>
#include <stdint.h>

/* Room that each of these needs at most. */
enum { MAX_ANSWER = 2048 };

uint64_t monotonic_ns(void);

/* A whole answer with a content-length. */
size_t write_answer(char *to, const char *status, const char *type, const char *body);
/* The JSON answer to a chat completion. */
size_t write_completion(char *to);
/* The head of a stream. */
size_t write_stream_head(char *to);
/* One chunk with one event, number `index` of `count`. */
size_t write_event(char *to, int index, int count);
/* The end of a stream: usage if it was asked for, [DONE], the final chunk. */
size_t write_end(char *to, int wants_usage, int count);

#endif
