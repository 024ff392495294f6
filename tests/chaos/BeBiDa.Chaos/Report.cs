using Spectre.Console;

namespace BeBiDa.Chaos;

/// <summary>What was counted, and whether it may be.</summary>
public sealed class Report(string title)
{
    private const int Shown = 12;

    private readonly List<Count> counts = [];
    private readonly List<string> remarks = [];

    /// <summary>Whether every count that must be zero is.</summary>
    public bool Held => counts.All(count => !count.MustBeNone || count.Cases.Count == 0);

    /// <summary>All that was counted.</summary>
    public IReadOnlyList<Count> Counts => counts;

    /// <summary>What must not be.</summary>
    public void MustBeNone(string what, IEnumerable<string> cases) => counts.Add(new Count(what, [.. cases], MustBeNone: true));

    /// <summary>What may be.</summary>
    public void Note(string what, IReadOnlyList<string> cases) => counts.Add(new Count(what, cases, MustBeNone: false));

    /// <summary>What is worth knowing.</summary>
    public void Say(string remark) => remarks.Add(remark);

    /// <summary>The cases, then the table.</summary>
    public void Print(TextWriter to)
    {
        foreach (var count in counts.Where(count => count.Cases.Count > 0))
        {
            to.WriteLine($"\n{count.What}:");
            foreach (var line in count.Cases.Take(Shown))
                to.WriteLine($"  {line}");
            if (count.Cases.Count > Shown)
                to.WriteLine($"  and {count.Cases.Count - Shown} more");
        }
        to.WriteLine($"\n{title}");
        var table = new Table().Border(TableBorder.Simple).AddColumns("counted", "", "allowed");
        foreach (var count in counts)
            table.AddRow(Markup.Escape(count.What), $"{count.Cases.Count}", count.MustBeNone ? "0" : "any");
        var console = AnsiConsole.Create(
            new AnsiConsoleSettings
            {
                Out = new AnsiConsoleOutput(to),
                Ansi = AnsiSupport.No,
                Interactive = InteractionSupport.No,
            }
        );
        console.Profile.Width = 120;
        console.Write(table);
        foreach (var remark in remarks)
            to.WriteLine(remark);
        to.WriteLine(Held ? "All of it held." : "NOT all of it held.");
    }
}

/// <summary>One kind of thing that was counted, case by case.</summary>
public sealed record Count(string What, IReadOnlyList<string> Cases, bool MustBeNone);
