using System.Globalization;

namespace BeBiDa.Footprint;

/// <summary>A set of signals, as the kernel writes one in /proc.</summary>
/// <param name="Bits">One bit for each, the lowest for signal 1.</param>
public readonly record struct SignalSet(ulong Bits)
{
    /// <summary>Of the names that matter here.</summary>
    public static readonly IReadOnlyDictionary<string, int> Numbers = new Dictionary<string, int>
    {
        ["SIGHUP"] = 1,
        ["SIGINT"] = 2,
        ["SIGQUIT"] = 3,
        ["SIGILL"] = 4,
        ["SIGTRAP"] = 5,
        ["SIGABRT"] = 6,
        ["SIGBUS"] = 7,
        ["SIGFPE"] = 8,
        ["SIGUSR1"] = 10,
        ["SIGSEGV"] = 11,
        ["SIGUSR2"] = 12,
        ["SIGPIPE"] = 13,
        ["SIGALRM"] = 14,
        ["SIGTERM"] = 15,
        ["SIGCHLD"] = 17,
        ["SIGCONT"] = 18,
        ["SIGTSTP"] = 20,
    };

    private const int FirstRealTime = 32;

    /// <summary>The set of these.</summary>
    public static SignalSet Of(params IEnumerable<string> names) =>
        new(names.Aggregate(0UL, (bits, name) => bits | 1UL << (Numbers[name] - 1)));

    /// <summary>Reads the kernel's hexadecimal.</summary>
    public static SignalSet Parse(string text) => new(ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    /// <summary>What is in this one but not in the other.</summary>
    public SignalSet Without(SignalSet other) => new(Bits & ~other.Bits);

    /// <summary>How many real-time signals are in it.</summary>
    public int RealTimeCount => System.Numerics.BitOperations.PopCount(Bits >> (FirstRealTime - 1));

    /// <summary>Those that are no real-time signals.</summary>
    public SignalSet Standard => new(Bits & ((1UL << (FirstRealTime - 1)) - 1));

    /// <summary>Whether a signal is in it.</summary>
    public bool Has(string name) => (Bits >> (Numbers[name] - 1) & 1) != 0;

    /// <inheritdoc/>
    public override string ToString()
    {
        var bits = Bits;
        return string.Join(
            ' ',
            Enumerable
                .Range(1, 64)
                .Where(n => (bits >> (n - 1) & 1) != 0)
                .Select(n => Numbers.FirstOrDefault(known => known.Value == n).Key ?? (n < FirstRealTime ? $"{n}" : $"RT{n}"))
        );
    }
}
