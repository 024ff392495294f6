namespace BeBiDa.Lab;

/// <summary>
/// The hand-over as sites script it, with one <c>kubectl</c> run after another for the nodes of a job:
/// the baseline that the plugin is measured against.
/// </summary>
/// <param name="Kubectl">The path of kubectl.</param>
/// <param name="Kubeconfig">The path of the kubeconfig that it uses.</param>
public sealed record ScriptedHandOver(string Kubectl, string Kubeconfig)
{
    /// <summary>The given options with these scripts as slurmctld's prolog and epilog.</summary>
    public SlurmOptions ApplyTo(SlurmOptions options) =>
        options with
        {
            PrologSlurmctld = Script("prolog", "drain \"$node\" --force --ignore-daemonsets --delete-emptydir-data --grace-period=5"),
            EpilogSlurmctld = Script("epilog", "uncordon \"$node\""),
        };

    // A kubectl that fails leaves its word in the log and does not fail the job, as with such scripts on sites.
    private string Script(string name, string verb) =>
        $"""
            #!/usr/bin/env bash
            set -u
            lab=$(cd "$(dirname "$0")/.." && pwd)
            export PATH=/usr/local/bin:/usr/bin:/bin SLURM_CONF=$lab/slurm.conf
            exec >>"$lab/log/scripted-{name}.log" 2>&1
            echo "job $SLURM_JOB_ID: $SLURM_JOB_NODELIST"
            for node in $(scontrol show hostnames "$SLURM_JOB_NODELIST"); do
                {Quoted(Kubectl)} --kubeconfig {Quoted(Kubeconfig)} {verb} || echo "job $SLURM_JOB_ID: $node: kubectl exited with $?"
            done
            exit 0

            """;

    private static string Quoted(string word) => $"'{word.Replace("'", @"'\''")}'";
}
