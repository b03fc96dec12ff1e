/* The functions of exported files. A file has those that it needs: TYPE0, TYPE1 are the types of constants,
   and @NAME@ stands for what the model has there. Blocks are apart by an empty line; the first line names each. */

/* missing */
EACH(missing, isnan(x) ? 1.0 : 0.0)

/* single */
EACH(single, (double)(float)x)

/* relu */
EACH(relu, x < 0.0 ? 0.0 : x)

/* leaky_relu */
EACH(leaky_relu, x > 0.0 ? x : 0.01 * x)

/* elu */
EACH(elu, x > 0.0 ? x : expm1(x))

/* selu */
EACH(selu, 1.0507009873554805 * (x > 0.0 ? x : 1.6732632423543772 * expm1(x)))

/* gelu */
EACH(gelu, x * 0.5 * erfc(-x / 1.4142135623730951))

/* gelu_tanh */
EACH(gelu_tanh, x / (1.0 + exp(-1.5957691216057308 * (x + 0.044715 * x * x * x))))

/* silu */
EACH(silu, x / (1.0 + exp(-x)))

/* mish */
EACH(mish, x * tanh((x > 0.0 ? x : 0.0) + log1p(exp(-fabs(x)))))

/* softplus */
EACH(softplus, (x > 0.0 ? x : 0.0) + log1p(exp(-fabs(x))))

/* tanh */
EACH(tanh, tanh(x))

/* sigmoid */
EACH(sigmoid, 1.0 / (1.0 + exp(-x)))

/* exponential */
EACH(exponential, exp(x))

/* cosine */
EACH(cosine, cos(x))

/* logarithm */
EACH(logarithm, log(x < 1e-12 ? 1e-12 : x))

/* take */
static void do_take(const double *x, const int *index, double *y, int n) {
    for (int i = 0; i < n; i++) y[i] = x[index[i]];
}

/* standardize */
static void do_standardize(const double *x, const double *mean, const double *std, double *y, int n) {
    for (int i = 0; i < n; i++) y[i] = isnan(x[i]) ? 0.0 : (x[i] - mean[i]) / std[i];
}

/* impute */
static void do_impute(const double *x, const double *value, double *y, int n) {
    for (int i = 0; i < n; i++) y[i] = isnan(x[i]) ? value[i] : x[i];
}

/* circle */
static void do_circle(const double *x, int part, double *y, int n) {
    const double days = x[0];
    double position = 0.0, length = 24.0;
    for (int i = 0; i < n; i++) y[i] = 0.0;
    if (isnan(days)) return;
    if (fabs(days) > 1e8) { y[0] = y[1] = (double)NAN; return; }
    if (part == 0) { /* the month: years begin in March */
        const long z = (long)floor(days) + 719468L, era = (z >= 0 ? z : z - 146096L) / 146097L;
        const long day = z - era * 146097L, year = (day - day / 1460L + day / 36524L - day / 146096L) / 365L;
        const long of_year = day - (365L * year + year / 4L - year / 100L);
        length = 12.0;
        position = (double)(((5L * of_year + 2L) / 153L + 2L) % 12L);
    } else if (part == 1) {
        length = 7.0;
        position = floor(days) + 3.0;
        position -= 7.0 * floor(position / 7.0);
    } else {
        position = (days - floor(days)) * 24.0;
    }
    y[0] = sin(2.0 * 3.141592653589793 * position / length);
    y[1] = cos(2.0 * 3.141592653589793 * position / length);
}

/* lookup */
static void do_lookup(const double *x, const TYPE0 *table, int k, double *y, int n) {
    const double code = rint(x[0]);
    const int row = isnan(code) ? k + 1 : code >= 0.0 && code < (double)k ? (int)code : k;
    for (int i = 0; i < n; i++) y[i] = (double)table[row * n + i];
}

/* smooth_clip */
static void do_smooth_clip(const double *x, const double *center, const double *factor, double *y, int n) {
    for (int i = 0; i < n; i++) {
        double u = (x[i] - center[i]) * factor[i];
        u = u > 1e100 ? 1e100 : u < -1e100 ? -1e100 : u;
        y[i] = 3.0 * u / hypot(3.0, u);
    }
}

/* interpolate */
static void do_interpolate(const double *in, const double *marks, const double *scores, int k, double *y, int n) {
    for (int i = 0; i < n; i++) {
        const double x = in[i];
        int low = 0, high = k - 1;
        while (high - low > 1) {
            const int middle = (low + high) / 2;
            if (marks[middle] <= x) low = middle; else high = middle;
        }
        y[i] = (scores[high] - scores[low]) / (marks[high] - marks[low]) * (x - marks[low]) + scores[low];
        if (x <= marks[0]) y[i] = scores[0];
        if (x >= marks[k - 1]) y[i] = scores[k - 1];
    }
}

/* pieces */
static void do_pieces(const double *x, const double *begins, const double *widths, const double *low,
                      const double *high, double *y, int n) {
    for (int i = 0; i < n; i++) {
        const double u = (x[i] - begins[i]) / widths[i];
        y[i] = (u < low[i] ? low[i] : u > high[i] ? high[i] : u) - 0.5;
    }
}

/* linear */
static void do_linear(const double *x, const TYPE0 *W, const TYPE1 *b, int k, double *y, int n) {
    for (int i = 0; i < n; i++) y[i] = 0.0;
    for (int j = 0; j < k; j++) {
        const double v = x[j];
        const TYPE0 *w = W + j * n;
        if (v != 0.0) for (int i = 0; i < n; i++) y[i] += v * (double)w[i];
    }
    for (int i = 0; i < n; i++) y[i] += (double)b[i];
}

/* grouped_linear */
static void do_grouped_linear(const double *x, const TYPE0 *V, const TYPE1 *a, int d, int k, double *y, int n) {
    for (int i = 0; i < n; i++) {
        y[i] = (double)a[i];
        for (int j = 0; j < k; j++) y[i] += (double)V[i * k + j] * x[i / d * k + j];
    }
}

/* affine */
static void do_affine(const double *x, const TYPE0 *scale, const TYPE1 *shift, double *y, int n) {
    for (int i = 0; i < n; i++) y[i] = x[i] * (double)scale[i] + (double)shift[i];
}

/* normalize_layer */
static void do_normalize_layer(const double *x, double epsilon, double *y, int n) {
    double mean = 0.0, variance = 0.0;
    for (int i = 0; i < n; i++) mean += x[i] / n;
    for (int i = 0; i < n; i++) variance += (x[i] - mean) * (x[i] - mean) / n;
    for (int i = 0; i < n; i++) y[i] = (x[i] - mean) / sqrt(variance + epsilon);
}

/* softmax */
static void do_softmax(const double *x, double *y, int n) {
    double most = x[0], sum = 0.0;
    for (int i = 1; i < n; i++) most = x[i] > most ? x[i] : most;
    for (int i = 0; i < n; i++) sum += y[i] = exp(x[i] - most);
    for (int i = 0; i < n; i++) y[i] /= sum;
}

/* cumulative_sum */
static void do_cumulative_sum(const double *x, double *y, int n) {
    y[0] = x[0];
    for (int i = 1; i < n; i++) y[i] = y[i - 1] + x[i];
}

/* add */
static void do_add(const double *x, double weight, double *y, int n) {
    for (int i = 0; i < n; i++) y[i] += weight * x[i];
}

/* divide */
static void do_divide(double by, double *y, int n) {
    for (int i = 0; i < n; i++) y[i] /= by;
}

/* normalize */
static void do_normalize(const double *x, double *y, int n) {
    double sum = 0.0;
    for (int i = 0; i < n; i++) sum += x[i];
    for (int i = 0; i < n; i++) y[i] = x[i] / sum;
}

/* code */
@long_texts@static const char *const @name@_texts[@room@] = {@texts@};
/* The entry of a row for a text; NULL is missing. */
double @name@(const char *text) {
    int i = 0;
    if (text == NULL) return (double)NAN;
    while (i < @n@ && strcmp(text, @name@_texts[i]) != 0) i++;
    return (double)i;
}

/* file */
/* @title@
   Parity certificate: @note@.
   C99 without allocation; link with -lm. NAN is a missing value. The function of a column of texts
   gives NAN for NULL, and for an empty text the code of others. Where an entry is infinite or an
   output no finite number, all outputs are NAN. Rows are double: float has no 8 digits of a date.
@described@
*/
#ifdef __FAST_MATH__
#error "missing values are NAN, and -ffast-math leaves them out"
#endif
#include <math.h>
#include <string.h>
#define EACH(name, expression) \
static void do_##name(const double *in, double *out, int n) { \
    for (int i = 0; i < n; i++) { const double x = in[i]; out[i] = expression; } \
}
#define N_INPUTS @inputs@
#define N_OUTPUTS @outputs@
@long_names@const char *const output_names[N_OUTPUTS] = {@names@};
@functions@
/* @about@ */
@declaration@ {
    double work[@size@];
    int refused = 0;
    for (int i = 0; i < N_INPUTS; i++) refused |= @missing@;
@body@
    for (int i = 0; i < N_OUTPUTS; i++) refused |= !isfinite((float)(@output@)[i]);
    @result@
}

/* driver */
#include <stdio.h>
#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#endif
@declaration@;
int main(void) {
    double row[@inputs@];
    float out[@outputs@];
#ifdef _WIN32
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
#endif
    while (fread(row, sizeof row, 1, stdin) == 1) { @call@; fwrite(out, sizeof out, 1, stdout); }
    return 0;
}
