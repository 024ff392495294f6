using System.CommandLine;
using BeBiDa.Accounts;
using BeBiDa.Cli.Reports;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Cli.Commands;

/// <summary><c>bebidactl record</c>: writes the journal that <c>bebidactl report</c> reads.</summary>
internal static class RecordCommand
{
    private const string Examples = """
        # On the host of slurmctld, from now on
        systemctl enable --now bebida-record.service

        # In a terminal, to look at it, until Ctrl-C
        bebidactl record --directory /tmp/record --interval 2s
        """;

    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    public static Command Create(GlobalOptions globals)
    {
        var interval = DurationOption.Create(
            "--interval",
            "How often Slurm is asked for its nodes' states, 1s to 1m (default: 5s)",
            Shortest,
            Longest
        );
        var folder = ReportCommand.JournalOption();
        var keep = new Option<int>("--keep")
        {
            Description = "How many days of the journal are kept",
            HelpName = "DAYS",
            DefaultValueFactory = _ => 400,
        };
        keep.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError("--keep takes a number of days, at least 1");
        });
        var kubeconfig = new Option<string?>("--kubeconfig")
        {
            Description = "Kubeconfig that may list and watch Nodes, pods and Events. Default: that of the configuration",
            HelpName = "FILE",
        };
        var command = new ExemplifiedCommand(
            "record",
            "Record what the nodes are used for, for bebidactl report, until it is stopped. bebida-record.service runs it.",
            Examples
        )
        {
            interval,
            folder,
            keep,
            kubeconfig,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var logger = new LineLog(
                    parsed.InvocationConfiguration.Error,
                    parsed.GetValue(globals.Verbose) ? LogLevel.Debug : LogLevel.Information,
                    timestamps: false
                );
                await using var site = Site.Open(parsed.GetValue(globals.Config), logger, kubeconfig: parsed.GetValue(kubeconfig));
                var every = parsed.GetValue(interval) ?? TimeSpan.FromSeconds(5);
                using var journal = new JournalWriter(parsed.GetValue(folder)!, parsed.GetValue(keep), logger);
                var recorder = new Recorder(
                    new RecorderOptions(every, site.Configuration.Controller.Deadline, HostClock.Boot),
                    journal,
                    new HostClock()
                );
                try
                {
                    await new Recording(site, recorder, every, logger).RunAsync(cancellationToken).ConfigureAwait(false);
                }
                catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
                {
                    // A signal is how it ends.
                }
                return ExitCode.Done;
            }
        );
        return command;
    }
}
