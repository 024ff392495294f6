using System.CommandLine;
using BeBiDa.Cli.Checks;
using BeBiDa.Cli.Slurm;
using BeBiDa.Configuration;

namespace BeBiDa.Cli.Commands;

/// <summary><c>bebidactl check</c>: finds what is wrong with a site.</summary>
internal static class CheckCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var role = new Option<HostRole?>("--role")
        {
            Description = "Whose host this is (default: what slurm.conf and the running daemons tell)",
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
        var command = new Command(
            "check",
            "Find what is wrong with the site: what, why it matters, and the line to write. Exits 0 without an error, 1 with one."
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
                        $"this host is neither slurmctld's nor a node, as far as {conf?.Path ?? "a missing slurm.conf"} and its processes tell; --role says which it is"
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
        PluginChecks.RunController(site, findings);
        TimeoutChecks.Run(site, findings);
        FileChecks.Run(site, findings);
        using var api = await new CredentialChecks(site, findings, globals.Log(parsed)).RunAsync(cancellationToken).ConfigureAwait(false);
        if (api is null)
            return;
        await new NodeChecks(site, api, findings).RunAsync(cancellationToken).ConfigureAwait(false);
        await new PodChecks(site, api, findings).RunAsync(cancellationToken).ConfigureAwait(false);
        await new FlowControlChecks(api, findings).RunAsync(cancellationToken).ConfigureAwait(false);
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
                "neither Slurm nor this command knows the site",
                "the file that it names, or SLURM_CONF",
                path
            );
            return null;
        }
    }
}
