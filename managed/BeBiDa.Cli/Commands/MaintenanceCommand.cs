using System.CommandLine;
using BeBiDa.Cli.Maintenances;
using BeBiDa.Cluster;
using Spectre.Console;

namespace BeBiDa.Cli.Commands;

/// <summary><c>bebidactl maintenance</c>: takes nodes out of Slurm and Kubernetes, and gives them back.</summary>
internal static class MaintenanceCommand
{
    private const string StartExamples = """
        # Take two nodes out of both, and wait until their pods have left
        bebidactl maintenance start n1,n2 --reason 'new memory' --until 18:00

        # The same for a rack, without waiting
        bebidactl maintenance start 'r7n[1-40]' --reason cooling --until +2h --timeout 0
        """;

    private const string EndExamples = """
        # Give the nodes back to both
        bebidactl maintenance end n1,n2
        """;

    private const string ListExamples = """
        # Who is in maintenance, why, and until when
        bebidactl maintenance list

        # The nodes whose maintenance should be over
        bebidactl maintenance list --output json | jq -r '.[] | select((.until // "9") < (now | todate)) | .node'
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public static Command Create(GlobalOptions globals)
    {
        var command = new Command("maintenance", "Take nodes out of Slurm and Kubernetes for maintenance, and give them back.");
        command.Subcommands.Add(Start(globals));
        command.Subcommands.Add(End(globals));
        command.Subcommands.Add(List(globals));
        return command;
    }

    private static Command Start(GlobalOptions globals)
    {
        var nodes = Nodes();
        var reason = new Option<string>("--reason", "-r")
        {
            Description = "Why, for people on both sides",
            HelpName = "TEXT",
            DefaultValueFactory = _ => MaintenanceMark.NoReason,
        };
        reason.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is not { } text)
                return;
            if (text.Length is 0 or > MaintenanceMark.LongestReason || text.Any(char.IsControl))
                result.AddError($"--reason takes one line of at most {MaintenanceMark.LongestReason} characters");
        });
        var until = new Option<DateTimeOffset?>("--until", "-u")
        {
            Description = "Until when, for people: it ends nothing by itself",
            HelpName = "TIME",
            CustomParser = result =>
            {
                var (time, problem) = UntilTime.Parse(result.Tokens[0].Value, DateTimeOffset.Now, TimeZoneInfo.Local);
                if (time is null)
                    result.AddError($"--until: {problem}");
                return time;
            },
        };
        var timeout = DurationOption.Create(
            "--timeout",
            $"How long to wait for the pods; 0 not to wait (default: {Duration.Format(Patience)})"
        );
        var command = new ExemplifiedCommand(
            "start",
            "Mark nodes, drain them in Slurm, keep new pods away, and wait until their pods have left as they may.",
            StartExamples
        )
        {
            nodes,
            reason,
            until,
            timeout,
            globals.Output,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                await using var site = await MaintenanceSite
                    .OpenAsync(parsed.GetValue(globals.Config), parsed.GetValue(nodes)!, globals.Log(parsed), cancellationToken)
                    .ConfigureAwait(false);
                var result = await Progress
                    .ShowAsync(
                        "maintenance",
                        progress =>
                            new MaintenanceStart(
                                site,
                                parsed.GetValue(reason)!,
                                parsed.GetValue(until),
                                parsed.GetValue(timeout) ?? Patience,
                                progress
                            ).RunAsync(cancellationToken)
                    )
                    .ConfigureAwait(false);
                return result.Print(parsed.GetValue(globals.Output));
            }
        );
        return command;
    }

    private static Command End(GlobalOptions globals)
    {
        var nodes = Nodes();
        var command = new ExemplifiedCommand("end", "Give nodes back to both, except for what somebody else wants of them.", EndExamples)
        {
            nodes,
            globals.Output,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                await using var site = await MaintenanceSite
                    .OpenAsync(parsed.GetValue(globals.Config), parsed.GetValue(nodes)!, globals.Log(parsed), cancellationToken)
                    .ConfigureAwait(false);
                var result = await new MaintenanceEnd(site).RunAsync(cancellationToken).ConfigureAwait(false);
                return result.Print(parsed.GetValue(globals.Output));
            }
        );
        return command;
    }

    private static Command List(GlobalOptions globals)
    {
        var command = new ExemplifiedCommand("list", "Show the nodes in maintenance, on both sides.", ListExamples) { globals.Output };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                await using var site = Site.Open(parsed.GetValue(globals.Config), globals.Log(parsed));
                var jobs = await SqueueJobs.ConnectAsync(cancellationToken).ConfigureAwait(false);
                var rows = await MaintenanceList.ReadAsync(site, jobs.Cluster, cancellationToken).ConfigureAwait(false);
                if (Console.IsOutputRedirected)
                    AnsiConsole.Profile.Width = int.MaxValue / 2;
                MaintenanceList.Print(rows, parsed.GetValue(globals.Output), DateTimeOffset.UtcNow);
                return ExitCode.Done;
            }
        );
        return command;
    }

    private static Argument<string[]> Nodes() =>
        new("nodes") { Description = "Nodes, by their names in Slurm: n1 n2, n1,n2 or n[1-8]", Arity = ArgumentArity.OneOrMore };
}
