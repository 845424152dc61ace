using System;

namespace Acme.Tools
{
    /// <summary>A queue.</summary>
    [Serializable]
    public class Queue<T> : Base, IDisposable where T : class
    {
        public const int MaxSize = 10;
        private readonly int _size = 1, _other;
        public string Name { get; set; }
        public event EventHandler Changed;
        public T this[int i] => default;

        public Queue(int size) { _size = size; }
        ~Queue() {}

        /// <summary>Adds.</summary>
        public async Task<bool> Add(T item) { void Local() {} Local(); return true; }
        void Hidden() {}
        public static Queue<T> operator +(Queue<T> a, Queue<T> b) => a;
    }

    public interface IShape { double Area(); }
    public enum Color { Red, Green = 2 }
    public struct Point { public int X; }
    public record Person(string Name);
    public delegate void Handler(object sender);
}
