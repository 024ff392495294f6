using BeBiDa.Node.Pods;

namespace BeBiDa.Node.Tests;

/// <summary>Processes that outlive units, and mounts, noted in the list of what was done to the services.</summary>
internal sealed class FakeLeftovers(List<string> done) : ILeftovers
{
    public List<string> Processes { get; } = [];

    public bool Obey { get; set; } = true;

    public (int, IReadOnlyList<string>) Mounts { get; set; } = (0, []);

    public IReadOnlyList<string> Find(IReadOnlyList<string> groups) => [.. Processes];

    public bool End(IReadOnlyList<string> groups, TimeSpan grace, TimeSpan limit)
    {
        done.Add($"end what is left of {string.Join(" ", groups)}");
        if (Obey)
            Processes.Clear();
        return Obey;
    }

    public (int Unmounted, IReadOnlyList<string> Left) Unmount()
    {
        if (Mounts.Item1 > 0)
            done.Add("unmount");
        return Mounts;
    }
}
