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
        ["check"] = """
              # On slurmctld's host, and on a node
              bebidactl check

              # For monitoring: the names of what is wrong, and the exit code
              bebidactl check --output json | jq -r '.findings[] | "\(.severity) \(.check) \(.what)"'
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

              # As Torque's prologue, or OAR's on a node
              exec bebidactl hook prolog --manager torque -- "$@"
              exec bebidactl hook prolog --manager oar -- "$@"

              # In any other resource manager's
              exec bebidactl hook prolog --cluster moab --job "$JOB" --nodes "$NODES"

              # By hand, as slurmctld would
              SLURM_JOB_ID=4711 SLURM_JOB_NODELIST='n[1-8]' bebidactl hook prolog
            """,
        ["epilog"] = """
              # As EpilogSlurmctld, where slurmctld sets the variables
              exec bebidactl hook epilog --log /var/log/slurm/bebida.log

              # As Torque's epilogue, or OAR's on a node
              exec bebidactl hook epilog --manager torque -- "$@"
              exec bebidactl hook epilog --manager oar -- "$@"

              # In any other resource manager's
              exec bebidactl hook epilog --cluster moab --job "$JOB" --nodes "$NODES"

              # By hand, as slurmctld would
              SLURM_JOB_ID=4711 SLURM_JOB_NODELIST='n[1-8]' bebidactl hook epilog
            """,
        ["rbac"] = """
              # Look at them, and apply them
              bebidactl rbac
              bebidactl rbac | kubectl apply -f -

              # For a GitOps repository: a ServiceAccount in a namespace of your choice, and the right that removeNode needs
              bebidactl rbac --credential token --namespace hpc --remove-node > clusters/site/bebida.yaml
            """,
        ["kubeconfig"] = """
              # On slurmctld's host, with an admin's kubeconfig
              bebidactl kubeconfig create --kubeconfig admin.conf

              # Who is it, and until when
              bebidactl kubeconfig show
            """,
        ["create"] = """
              # A ServiceAccount's token, which renews itself (bebida-kubeconfig.timer)
              bebidactl kubeconfig create --kubeconfig admin.conf --self-renew

              # A client certificate that someone else approves; run again to go on waiting for it
              bebidactl kubeconfig create --credential certificate --no-approve

              # Rights are applied by GitOps, and the file is carried to slurmctld's host
              bebidactl kubeconfig create --skip-rbac --file bebida.kubeconfig --server https://k8s.example.org:6443
            """,
        ["renew"] = """
              # With an admin's kubeconfig, if it is due
              bebidactl kubeconfig renew --kubeconfig admin.conf

              # As bebida-kubeconfig.timer does: the token itself, made with create --self-renew
              bebidactl kubeconfig renew --self
            """,
        ["show"] = """
              # For people, and for monitoring
              bebidactl kubeconfig show
              bebidactl kubeconfig show --output json | jq -r .expires
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
