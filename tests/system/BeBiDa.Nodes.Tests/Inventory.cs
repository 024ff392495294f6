namespace BeBiDa.Nodes.Tests;

/// <summary>What is on a machine, a line each, as the lab's <c>inventory.sh</c> writes it.</summary>
internal sealed class Inventory
{
    /// <summary>The program that writes it; a job of root's may run it, too.</summary>
    public const string Program = "/usr/lib/bebida-lab/inventory.sh";

    private readonly string[] lines;

    private Inventory(string[] lines) => this.lines = lines;

    public static Inventory Parse(string text) => new(text.Split('\n', StringSplitOptions.RemoveEmptyEntries));

    public static async Task<Inventory> TakeAsync(ContainerLab lab, string machine) =>
        Parse((await lab.ExecAsync(machine, [Program])).EnsureSucceeded().StandardOutput);

    /// <summary>The lines that it has and another one has not, or not as often.</summary>
    public IReadOnlyList<string> Beyond(Inventory other)
    {
        var counts = other.lines.CountBy(line => line).ToDictionary();
        return [.. lines.Where(line => (counts[line] = counts.GetValueOrDefault(line) - 1) < 0)];
    }

    /// <summary>"+ line" for what it has beyond another one, "- line" for what it lacks.</summary>
    public IReadOnlyList<string> DifferenceTo(Inventory other) =>
        [.. Beyond(other).Select(line => $"+ {line}"), .. other.Beyond(this).Select(line => $"- {line}")];
}
