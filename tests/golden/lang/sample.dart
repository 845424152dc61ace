// No grammar: cut by lines.
class A {
  int x = 1;
}
