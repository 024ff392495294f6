using BeBiDa.Configuration;

namespace BeBiDa.Cli.Credentials;

/// <summary>The kubeconfig of the admin who runs a command, found as kubectl finds it.</summary>
internal static class AdminKubeconfig
{
    /// <summary>The file.</summary>
    /// <param name="option">What was given as --kubeconfig; null for nothing.</param>
    /// <exception cref="ConfigurationException">There is none.</exception>
    public static string Find(string? option)
    {
        if (option is { Length: > 0 })
            return Existing(option, "--kubeconfig");
        if (
            Environment.GetEnvironmentVariable("KUBECONFIG")?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries) is
            { Length: > 0 } listed
        )
            return listed is [var one]
                ? Existing(one, "KUBECONFIG")
                : throw new ConfigurationException(
                    $"KUBECONFIG names {listed.Length} files; merge them (kubectl config view --flatten --minify --raw > admin.kubeconfig) and use --kubeconfig"
                );
        var home = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".kube", "config");
        return File.Exists(home)
            ? home
            : throw new ConfigurationException(
                $"there is no {home}; name an admin's kubeconfig with --kubeconfig or KUBECONFIG (kubeadm: /etc/kubernetes/admin.conf)"
            );
    }

    private static string Existing(string path, string from) =>
        File.Exists(path)
            ? path
            : throw new ConfigurationException(new ConfigurationProblem($"no such file, but {from} names it") { File = path });
}
