namespace BeBiDa.Containers;

public sealed partial class ContainerLab
{
    /// <summary>Whether this host can have such labs: a Docker answers, or one of our own starts.</summary>
    /// <returns>Why not; null when it can.</returns>
    public static async Task<string?> WhyNotAsync(CancellationToken cancellationToken = default)
    {
        var script = Path.Combine(Path.GetDirectoryName(s_script)!, "docker.sh");
        var tried = await Docker.RunAsync(
            "bash",
            ["-c", "source \"$0\" && docker_acquire && docker_stop_unused", script],
            cancellationToken: cancellationToken
        );
        return tried.ExitCode == 0 ? null : tried.StandardError.Trim();
    }
}
