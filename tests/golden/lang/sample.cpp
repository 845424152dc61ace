#include <vector>

namespace geo {

/// A shape.
template <typename T>
class Shape : public Base<T> {
public:
    Shape(int n) : n_(n) {}
    ~Shape();
    virtual double area() const = 0;
    static int count();
    Shape& operator=(const Shape& other);
private:
    int n_;
};

struct Point { int x; int y; };
enum class Color { Red, Green };
using Points = std::vector<Point>;
typedef int Id;

// Counts.
template <typename T>
int Shape<T>::count() { return 0; }

double Circle::area() const { return 1; }

bool operator==(const Point& a, const Point& b) { return a.x == b.x; }

constexpr int kMax = 10;
static void hidden() {}
concept_fn();
}  // namespace geo

namespace a::b { void nested(); void nested() {} }

int main(int argc, char** argv) { auto f = [](int x) { return x; }; return f(1); }
