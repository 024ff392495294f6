using System.CommandLine;
using BeBiDa.Accounts;
using BeBiDa.Cli.Reports;
using BeBiDa.Cli.Timelines;
using BeBiDa.Configuration;

namespace BeBiDa.Cli.Commands;

/// <summary><c>bebidactl report</c>: says what the nodes were used for, from the journal of <c>bebidactl record</c>.</summary>
internal static class ReportCommand
{
    private const string Examples = """
        # The last seven days, day by day
        bebidactl report

        # A month as a page for the head of department
        bebidactl report --since 2026-01-01 --until 2026-02-01 --output january.html

        # Which nodes are lent and stay empty, for a spreadsheet
        bebidactl report --since 24h --by node --output nodes.csv

        # Node-hours in which pods ran, for a program
        bebidactl report --output json | jq .total.nodeHours.lentWithPods
        """;

    private const int DaysByDefault = 7;

    public static Command Create()
    {
        var since = Moment.Option(
            "--since",
            "Start: a time (08:00, 2026-01-31, 2026-01-31T08:00) or an age (30m, 2h). Default: the last seven days, as far as they are recorded"
        );
        var until = Moment.Option("--until", "End, in the same form. Default: now");
        var by = new Option<Grouping>("--by")
        {
            Description = "What the rows are (default: day)",
            HelpName = "day|node|partition",
            CustomParser = result =>
                result.Tokens switch
                {
                    [{ Value: "day" }] => Grouping.Day,
                    [{ Value: "node" }] => Grouping.Node,
                    [{ Value: "partition" }] => Grouping.Partition,
                    _ => Refuse(result),
                },
        };
        by.CompletionSources.Clear();
        by.CompletionSources.Add("day", "node", "partition");
        var folder = JournalOption();
        var output = DocumentOutput.Option();
        var command = new ExemplifiedCommand(
            "report",
            "Report what the nodes were used for: jobs, pods, or nothing. It needs the journal of bebidactl record.",
            Examples
        )
        {
            since,
            until,
            by,
            folder,
            output,
        };
        command.SetAction(
            async (parsed, _) =>
            {
                var now = DateTimeOffset.Now;
                var zone = TimeZoneInfo.Local;
                var end = parsed.GetValue(until)?.Invoke(now) is { } given && given < now ? given : now;
                var begin = parsed.GetValue(since)?.Invoke(now);
                if (begin >= end)
                    throw new ConfigurationException("--since must be earlier than --until and now");
                var account = Read(
                    new JournalReader(
                        parsed.GetValue(folder)!,
                        problem => parsed.InvocationConfiguration.Error.WriteLine($"bebidactl: {problem}")
                    ),
                    begin,
                    end,
                    zone,
                    parsed.GetValue(by)
                );
                await (parsed.GetValue(output) ?? DocumentOutput.Table)
                    .WriteAsync(
                        format =>
                            format switch
                            {
                                "json" => ReportText.Json(account),
                                "csv" => ReportText.Csv(account),
                                "html" => ReportPage.Of(account, zone),
                                _ => ReportText.Table(account, zone),
                            },
                        parsed.InvocationConfiguration.Output
                    )
                    .ConfigureAwait(false);
                return ExitCode.Done;
            }
        );
        return command;
    }

    /// <summary>The option that names the journal's folder.</summary>
    public static Option<string> JournalOption() =>
        new("--directory")
        {
            Description = "The journal's directory",
            HelpName = "DIR",
            DefaultValueFactory = _ => JournalFolder.Default,
        };

    private static Account Read(JournalReader reader, DateTimeOffset? begin, DateTimeOffset end, TimeZoneInfo zone, Grouping by)
    {
        var days = new CalendarDays(zone);
        // Midnight ends the day before it.
        var earliest = begin ?? days.Begin(days.Of(end.AddTicks(-1)).Day.AddDays(1 - DaysByDefault));
        Accountant? accountant = null;
        foreach (var line in reader.Read(earliest, end))
        {
            // Unless somebody asks for it, time from before the journal is not told of as unknown.
            accountant ??= new Accountant(begin ?? (line.Time > earliest ? line.Time : earliest), end, zone);
            accountant.Read(line);
        }
        var account =
            accountant?.Close(by)
            ?? throw new ConfigurationException("nothing is recorded of that time; --since and --until say of which to report");
        return by == Grouping.Node
            ? account with
            {
                Rows = [.. account.Rows.OrderBy(row => row.Key, Comparer<string>.Create(Timeline.NaturalOrder))],
            }
            : account;
    }

    private static Grouping Refuse(System.CommandLine.Parsing.ArgumentResult result)
    {
        result.AddError("--by takes day, node or partition");
        return Grouping.Day;
    }
}
