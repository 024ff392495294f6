using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace BeBiDa.Cli;

/// <summary>Ends a command's help with examples, as kubectl's and git's does.</summary>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    private static readonly Dictionary<string, string> Examples = new(StringComparer.Ordinal)
    {
        ["decommission"] = """
              # Take two nodes from Kubernetes for job 4711, and wait until their pods are gone
              bebidactl decommission --job 4711 --nodes n1,n2

              # The same for a list as Slurm writes it, with the result for a program
              bebidactl decommission --job 4711 --nodes 'n[1-8]' --output json
            """,
        ["recommission"] = """
              # Give the nodes of job 4711 back
              bebidactl recommission --job 4711 --nodes 'n[1-8]'
            """,
        ["status"] = """
              # Who has which node
              bebidactl status

              # Only some nodes, kept up to date until Ctrl-C
              bebidactl status n1 n2 --watch

              # Nodes that a job holds, for a program
              bebidactl status --output json | jq -r '.[] | select(.holds != []) | .node'
            """,
        ["timeline"] = """
              # The last hour, from Kubernetes' Events
              bebidactl timeline --kubeconfig ~/.kube/config --output timeline.svg

              # A working day of some nodes, from slurmctld's log, as a page
              bebidactl timeline --log /var/log/slurm/slurmctld.log --since 08:00 --nodes 'n[1-8]' --output day.html
            """,
        ["reconcile"] = """
              # What does not agree with Slurm's jobs, and what would be done about it
              bebidactl reconcile --dry-run

              # Repair it, and tell a program what was done
              bebidactl reconcile --output json | jq -r '.repairs[] | select(.done) | .node'
            """,
        ["hook"] = """
              # In slurm.conf, where the plugin cannot be loaded; each script is one line:
              #   PrologSlurmctld=/etc/slurm/bebida-prolog.sh   ->  exec bebidactl hook prolog
              #   EpilogSlurmctld=/etc/slurm/bebida-epilog.sh   ->  exec bebidactl hook epilog
              bebidactl hook prolog --log /var/log/slurm/bebida.log
            """,
        ["prolog"] = """
              # As PrologSlurmctld, where slurmctld sets the variables
              exec bebidactl hook prolog --log /var/log/slurm/bebida.log

              # By hand, as slurmctld would
              SLURM_JOB_ID=4711 SLURM_JOB_NODELIST='n[1-8]' bebidactl hook prolog
            """,
        ["epilog"] = """
              # As EpilogSlurmctld, where slurmctld sets the variables
              exec bebidactl hook epilog --log /var/log/slurm/bebida.log

              # By hand, as slurmctld would
              SLURM_JOB_ID=4711 SLURM_JOB_NODELIST='n[1-8]' bebidactl hook epilog
            """,
        ["completion"] = """
              # bash, for everyone
              bebidactl completion bash > /etc/bash_completion.d/bebidactl
            """,
    };

    /// <summary>Puts it in the place of the library's help.</summary>
    public static void AddTo(RootCommand root)
    {
        var option = root.Options.OfType<HelpOption>().Single();
        option.Action = new HelpWithExamples((HelpAction)option.Action!);
    }

    // Whoever asks for help has not got the rest right yet.
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var code = help.Invoke(parseResult);
        if (Examples.TryGetValue(parseResult.CommandResult.Command.Name, out var examples))
            Console.Out.WriteLine($"Examples:{Environment.NewLine}{examples}{Environment.NewLine}");
        return code;
    }
}
