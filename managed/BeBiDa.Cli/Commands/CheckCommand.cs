using System.CommandLine;
using BeBiDa.Cli.Checks;
using BeBiDa.Cli.Slurm;
using BeBiDa.Configuration;

namespace BeBiDa.Cli.Commands;

/// <summary><c>bebidactl check</c>: finds what is wrong with a site.</summary>
internal static class CheckCommand
{
    private const string Examples = """
        # On slurmctld's host, and on a node
        bebidactl check

        # For monitoring: the names of what is wrong, and the exit code
        bebidactl check --output json | jq -r '.findings[] | "\(.severity) \(.check) \(.what)"'
        """;

    public static Command Create(GlobalOptions globals)
    {
        var role = new Option<HostRole?>("--role")
        {
            Description = "Role of this host (default: as slurm.conf and the running daemons show)",
            HelpName = "controller|node",
            CustomParser = result =>
            {
                switch (result.Tokens)
                {
                    case [{ Value: "controller" }]:
                        return HostRole.Controller;
                    case [{ Value: "node" }]:
                        return HostRole.Node;
                    default:
                        result.AddError("--role takes controller or node");
                        return null;
                }
            },
        };
        role.CompletionSources.Clear();
        role.CompletionSources.Add("controller", "node");
        var command = new ExemplifiedCommand(
            "check",
            "Find what is wrong with this site, why it matters, and what to write. Exits with 1 if there is an error.",
            Examples
        )
        {
            role,
            globals.Output,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var findings = new Findings();
                var conf = ReadConf(findings);
                var roles = parsed.GetValue(role) is { } named
                    ? [named]
                    : await HostRoles.FindAsync(conf, cancellationToken).ConfigureAwait(false);
                if (roles.Count == 0)
                    throw new ConfigurationException(
                        $"cannot tell whether this is slurmctld's host or a node: no daemon runs here, and {conf?.Path ?? "there is no slurm.conf, which"} does not name this host; use --role"
                    );
                foreach (var one in roles)
                {
                    var site = await CheckedSite
                        .ReadAsync(parsed.GetValue(globals.Config), one, conf, cancellationToken)
                        .ConfigureAwait(false);
                    ConfigurationChecks.Run(site, one, findings);
                    if (one == HostRole.Node)
                        await new NodeHostChecks(site, findings).RunAsync(cancellationToken).ConfigureAwait(false);
                    else
                        await ControllerAsync(site, findings, globals, parsed, cancellationToken).ConfigureAwait(false);
                }
                CheckOutput.Print(findings, roles, parsed.GetValue(globals.Output));
                return findings.All.Any(finding => finding.Severity == Severity.Error) ? ExitCode.Failed : ExitCode.Done;
            }
        );
        return command;
    }

    private static async Task ControllerAsync(
        CheckedSite site,
        Findings findings,
        GlobalOptions globals,
        ParseResult parsed,
        CancellationToken cancellationToken
    )
    {
        SlurmConfChecks.Run(site, findings);
        await PluginChecks.RunControllerAsync(site, findings, cancellationToken).ConfigureAwait(false);
        TimeoutChecks.Run(site, findings);
        PowerChecks.Run(site, findings);
        StateChecks.Run(site, findings);
        ForesightChecks.Run(site, findings);
        if (site.Slurm is not null)
        {
            await StateChecks.RunReservationsAsync(findings, cancellationToken).ConfigureAwait(false);
            await ForesightChecks.RunSlurmAsync(site, findings, cancellationToken).ConfigureAwait(false);
        }
        FileChecks.Run(site, findings);
        var credential = new CredentialChecks(site, findings, globals.Log(parsed));
        using var api = await credential.RunAsync(cancellationToken).ConfigureAwait(false);
        if (api is null)
            return;
        await new NodeChecks(site, api, findings).RunAsync(cancellationToken).ConfigureAwait(false);
        await new PodChecks(site, api, findings).RunAsync(cancellationToken).ConfigureAwait(false);
        await new FlowControlChecks(api, credential.Packaged, findings).RunAsync(cancellationToken).ConfigureAwait(false);
    }

    private static SlurmConf? ReadConf(Findings findings)
    {
        if (SlurmConf.Find() is not { } path)
            return null;
        try
        {
            return SlurmConf.Read(path);
        }
        catch (ConfigurationException e)
        {
            findings.Error(
                "slurm.conf/unreadable",
                e.Message,
                "neither Slurm nor this check knows the site",
                "the missing file, or SLURM_CONF=FILE",
                path
            );
            return null;
        }
    }
}
