using System.Diagnostics;
using Spectre.Console;

namespace BeBiDa.Demo;

/// <summary>Tells what happens, as it happens, with the seconds since the start.</summary>
internal sealed class Narrator
{
    private readonly Lock gate = new();
    private readonly long began = Stopwatch.GetTimestamp();

    public Narrator() => AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 120);

    /// <summary>The time that all lines count from.</summary>
    public DateTimeOffset Began { get; } = DateTimeOffset.UtcNow;

    public void Chapter(string title)
    {
        lock (gate)
            AnsiConsole.MarkupLineInterpolated($"\n[bold]{title}[/]");
    }

    public void Say(string who, string what)
    {
        lock (gate)
            AnsiConsole.MarkupLineInterpolated($"{Stopwatch.GetElapsedTime(began).TotalSeconds, 7:0.00} s  [blue]{who, -10}[/] {what}");
    }

    public void Show(Table table)
    {
        lock (gate)
            AnsiConsole.Write(table);
    }
}
