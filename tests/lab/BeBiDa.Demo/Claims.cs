using Spectre.Console;

namespace BeBiDa.Demo;

/// <summary>What the demo claims, and whether it held.</summary>
internal sealed class Claims
{
    private readonly List<(string Claim, bool Held)> claims = [];

    public void Add(string claim, bool held) => claims.Add((claim, held));

    /// <summary>Prints all claims.</summary>
    /// <returns>What to exit with: 0 only when all held.</returns>
    public int Print()
    {
        AnsiConsole.WriteLine();
        foreach (var (claim, held) in claims)
            AnsiConsole.MarkupLine($"{(held ? "[green]held[/]  " : "[red]FAILED[/]")} {Markup.Escape(claim)}");
        return claims.Count > 0 && claims.All(c => c.Held) ? 0 : 1;
    }
}
