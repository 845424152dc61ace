#ifndef SAMPLE_H
#define SAMPLE_H
#ifdef __cplusplus
extern "C" {
#endif
/* Adds. */
int add(int a, int b);
typedef struct { int x; } anonymous_t;
#ifdef __cplusplus
}
#endif
#endif
